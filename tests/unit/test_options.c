#include "gateway/options.h"

#include "support/replies.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct values {
	bool dry_run;
	uint64_t grace, bandwidth;
	struct repo_name repo;
};

/* Reads a query into *v. */
static enum err_code read_query(const char *query, struct values *v, char text[256])
{
	const struct option options[] = {
	        {"dry-run", OPTION_FLAG, &v->dry_run},
	        {"grace", OPTION_DURATION, &v->grace},
	        {"bandwidth", OPTION_SIZE, &v->bandwidth},
	        {"repository", OPTION_REPOSITORY, &v->repo},
	};
	struct reply_test t;
	enum err_code code;
	int rc;

	*v = (struct values){false, 77, 78, {"before"}};
	begin(&t, "POST", NULL);
	t.x.request.query = view_of(query);
	rc = options_read(&t.x, options, 4);
	code = t.x.err.code;
	snprintf(text, 256, "%s", t.x.err.text);
	assert_int_equal(rc == 0, code == ERR_NONE);
	end(&t);
	return code;
}

static void what_is_understood(void **state)
{
	static const struct {
		const char *query;
		struct values want;
	} rows[] = {
	        {"", {false, 77, 78, {"before"}}},
	        {"dry-run=true", {true, 77, 78, {"before"}}},
	        {"dry-run", {true, 77, 78, {"before"}}},
	        {"dry-run=false", {false, 77, 78, {"before"}}},
	        {"grace=0", {false, 0, 78, {"before"}}},
	        {"grace=2h&bandwidth=50MiB", {false, 7200, 52428800, {"before"}}},
	        {"repository=a%2Fb&dry-run=true", {true, 77, 78, {"a/b"}}},
	        {"&repository=a/b&", {false, 77, 78, {"a/b"}}},
	};
	char text[256];
	struct values v;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (read_query(rows[i].query, &v, text) != ERR_NONE)
			fail_msg("%s: %s", rows[i].query, text);
		assert_int_equal(v.dry_run, rows[i].want.dry_run);
		assert_int_equal(v.grace, rows[i].want.grace);
		assert_int_equal(v.bandwidth, rows[i].want.bandwidth);
		assert_string_equal(v.repo.text, rows[i].want.repo.text);
	}
}

static void what_is_not(void **state)
{
	static const struct {
		const char *query, *says;
	} rows[] = {
	        {"dryrun=true", "there is no parameter 'dryrun' here; there is: "
	                        "dry-run, grace, bandwidth, repository"},
	        {"dry-run=true&x", "'x'"},
	        {"=true", "''"},
	        {"DRY-RUN=true", "'DRY-RUN'"},
	        {"dry-run=yes", "dry-run: 'yes' is not true or false"},
	        {"dry-run=True", "true or false"},
	        {"dry-run=1", "true or false"},
	        {"dry-run=true&dry-run=true", "stands twice"},
	        {"grace=-1", "grace: '-1' is not a duration"},
	        {"grace=", "a duration"},
	        {"grace=1w", "a duration"},
	        {"grace=99999999999999999999", "a duration"},
	        {"bandwidth=9223372036854775808", "a size"},
	        {"bandwidth=9000000TiB", "a size"},
	        {"bandwidth=1.5GiB", "a size"},
	        {"repository=", "a repository name"},
	        {"repository=../x", "a repository name"},
	        {"repository=A", "a repository name"},
	        {"repository=**", "a repository name"},
	        {"grace=%zz", "malformed"},
	        {"grace=%00", "malformed"},
	};
	char text[256];
	struct values v;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (read_query(rows[i].query, &v, text) != ERR_BAD_REQUEST ||
		        !strstr(text, rows[i].says))
			fail_msg("%s: %s", rows[i].query, text);
	}
}

static void long_ones(void **state)
{
	char query[1000], text[256];
	struct values v;

	(void)state;
	memset(query, 'a', sizeof(query) - 1);
	query[sizeof(query) - 1] = '\0';
	assert_int_equal(read_query(query, &v, text), ERR_BAD_REQUEST);
	memcpy(query, "repository=", 11);
	assert_int_equal(read_query(query, &v, text), ERR_BAD_REQUEST);
	/* The longest name there can be. */
	query[11 + REPO_NAME_MAX] = '\0';
	assert_int_equal(read_query(query, &v, text), ERR_NONE);
	assert_int_equal(strlen(v.repo.text), REPO_NAME_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_is_understood),
	        cmocka_unit_test(what_is_not),
	        cmocka_unit_test(long_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
