/*
 * The entry point of every fuzz target. libFuzzer calls it with inputs of its own,
 * replay.c with files. A target asserts what has to hold for any input and always
 * returns 0.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
