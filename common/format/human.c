#include "format/human.h"

#include <inttypes.h>
#include <stdio.h>

#define KILO UINT64_C(1000)
#define MEGA (KILO * KILO)
#define GIGA (KILO * MEGA)

static void in_units(
        uint64_t n, uint64_t unit, int digits, const char *letter, char out[HUMAN_SIZE])
{
	snprintf(out, HUMAN_SIZE, "%.*f%s", n % unit ? digits : 0,
	        (double)n / (double)unit, letter);
}

void human_number(uint64_t n, char out[HUMAN_SIZE])
{
	if (n >= GIGA)
		in_units(n, GIGA, 1, "B", out);
	else if (n >= MEGA)
		in_units(n, MEGA, 2, "M", out);
	else if (n >= KILO)
		in_units(n, KILO, 0, "K", out);
	else
		snprintf(out, HUMAN_SIZE, "%" PRIu64, n);
}
