#include "service/logins.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NOW 1717500000

static struct logins l, other;

static struct user_name user(const char *text)
{
	struct user_name u;

	assert_int_equal(user_name_parse(view_of(text), &u), 0);
	return u;
}

static struct login_mac mac(const char *name, const char *hash, const char *password)
{
	struct user_name u = user(name);

	return logins_mac(&l, &u, view_of(hash), view_of(password));
}

static int setup(void **state)
{
	(void)state;
	return logins_init(&l);
}

static void remembers_for_a_minute(void **state)
{
	struct login_mac m = mac("alice", "hash", "secret");

	(void)state;
	assert_false(logins_known(&l, &m, NOW));
	logins_succeeded(&l, &m, NOW);
	assert_true(logins_known(&l, &m, NOW));
	assert_true(logins_known(&l, &m, NOW + LOGINS_SECONDS - 1));
	assert_false(logins_known(&l, &m, NOW + LOGINS_SECONDS));
}

static void only_exactly_what_was_right(void **state)
{
	static const char *const rows[][3] = {{"bob", "hash", "secret"},
	        {"alice", "hash2", "secret"}, {"alice", "hash", "secret2"},
	        {"alice", "hash", ""}, {"alice", "hashsecret", ""}};
	struct login_mac m = mac("alice", "hash", "secret");
	size_t i;

	(void)state;
	logins_succeeded(&l, &m, NOW);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		m = mac(rows[i][0], rows[i][1], rows[i][2]);
		assert_false(logins_known(&l, &m, NOW));
	}
}

static void another_process_cannot_use_it(void **state)
{
	struct user_name alice = user("alice");
	struct login_mac m = mac("alice", "hash", "secret"), n;

	(void)state;
	assert_int_equal(logins_init(&other), 0);
	n = logins_mac(&other, &alice, VIEW_LIT("hash"), VIEW_LIT("secret"));
	assert_memory_not_equal(m.bytes, n.bytes, LOGINS_MAC_BYTES);
}

static void is_of_fixed_size(void **state)
{
	struct login_mac m;
	char name[16];
	int i, known = 0;

	(void)state;
	for (i = 0; i < 2000; i++) {
		snprintf(name, sizeof(name), "user%d", i);
		m = mac(name, "hash", "secret");
		logins_succeeded(&l, &m, NOW + i / 100);
		assert_true(logins_known(&l, &m, NOW + i / 100));
	}
	for (i = 0; i < 2000; i++) {
		snprintf(name, sizeof(name), "user%d", i);
		m = mac(name, "hash", "secret");
		known += logins_known(&l, &m, NOW + 20);
	}
	assert_in_range(known, 1, LOGINS_SETS * LOGINS_WAYS);
}

static void failures_are_slowed_down(void **state)
{
	struct user_name alice = user("alice");
	unsigned delay, before = 0;
	int i;

	(void)state;
	assert_int_equal(logins_failed(&l, &alice, NOW), LOGINS_DELAY_FIRST_MS);
	assert_int_equal(logins_failed(&l, &alice, NOW), 2 * LOGINS_DELAY_FIRST_MS);
	for (i = 0; i < 100; i++) {
		delay = logins_failed(&l, &alice, NOW + i / 2);
		assert_true(delay >= before && delay <= LOGINS_DELAY_MAX_MS);
		before = delay;
	}
	assert_int_equal(delay, LOGINS_DELAY_MAX_MS);
	/* Not for ever. */
	assert_int_equal(logins_failed(&l, &alice, NOW + 50 + LOGINS_SECONDS),
	        LOGINS_DELAY_FIRST_MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup(remembers_for_a_minute, setup),
	        cmocka_unit_test_setup(only_exactly_what_was_right, setup),
	        cmocka_unit_test_setup(another_process_cannot_use_it, setup),
	        cmocka_unit_test_setup(is_of_fixed_size, setup),
	        cmocka_unit_test_setup(failures_are_slowed_down, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
