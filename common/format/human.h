/* Numbers for people, as Ollama writes them. */
#ifndef FORMAT_HUMAN_H
#define FORMAT_HUMAN_H

#include <stdint.h>

#define HUMAN_SIZE 32

/* Parameters: "7.2B", "500.50M", "1K", "999". */
void human_number(uint64_t n, char out[HUMAN_SIZE]);

#endif
