/* Collection behind requests: how often, and what of. */
#include "gateway/upkeep.h"
#include "store/path.h"
#include "support/collection.h"
#include "support/values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define DRAWS 20000

static unsigned times_due(uint64_t probability)
{
	struct config c = {.gc_probability = probability};
	unsigned n = 0;

	for (unsigned i = 0; i < DRAWS; i++)
		n += upkeep_is_due(&c);
	return n;
}

static void it_is_due_as_often_as_the_setting_says(void **state)
{
	(void)state;
	assert_int_equal(times_due(0), 0);
	assert_int_equal(times_due(1000), DRAWS);
	assert_in_range(times_due(500), DRAWS / 4, DRAWS / 4 * 3);
}

static void it_collects_as_the_settings_say(void **state)
{
	struct digest d = as_digest(DIGEST_SHA256, "x");
	struct path entry = path_blob(&d);
	struct collection c;

	(void)state;
	collection_open(&c);
	plant_file(&c.f, entry.text, "x");
	upkeep_run(&c.f.store, &c.f.config);
	assert_true(collection_has(&c, "%s", entry.text));
	c.f.config.gc_grace = 0;
	upkeep_run(&c.f.store, &c.f.config);
	assert_false(collection_has(&c, "%s", entry.text));
	collection_close(&c, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_due_as_often_as_the_setting_says),
		cmocka_unit_test(it_collects_as_the_settings_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
