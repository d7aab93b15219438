/* Names of models, and the repositories they stand for. */
#include "format/model_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void names(void **state)
{
	static const struct {
		const char *text;
		const char *host, *space, *model, *tag; /* model NULL: refused */
	} rows[] = {
	        {"llama3", "", "library", "llama3", "latest"},
	        {"llama3:8b", "", "library", "llama3", "8b"},
	        {"me/Llama.3-x:Q4_K", "", "me", "Llama.3-x", "Q4_K"},
	        {"_why/_The.Lucky-1:_T", "", "_why", "_The.Lucky-1", "_T"},
	        {"h/n/m", "h", "n", "m", "latest"},
	        {"localhost:5000/n/m:t", "localhost:5000", "n", "m", "t"},
	        {"https://example.com:443/n/m:t", "example.com:443", "n", "m", "t"},
	        {"m:t-1.2", "", "library", "m", "t-1.2"},
	        {"", NULL, NULL, NULL, NULL},
	        {"/m", NULL, NULL, NULL, NULL},
	        {"n/", NULL, NULL, NULL, NULL},
	        {"m:", NULL, NULL, NULL, NULL},
	        {":t", NULL, NULL, NULL, NULL},
	        {"h/n/m/x", NULL, NULL, NULL, NULL},
	        {"a.b/m", NULL, NULL, NULL, NULL},
	        {"-m", NULL, NULL, NULL, NULL},
	        {".m", NULL, NULL, NULL, NULL},
	        {"m m", NULL, NULL, NULL, NULL},
	        {"m@sha256", NULL, NULL, NULL, NULL},
	        {"n/..", NULL, NULL, NULL, NULL},
	        {"m:t/x:y:z", NULL, NULL, NULL, NULL},
	        {"\xc3\xa9", NULL, NULL, NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct model_name n;
		int got = model_name_parse(view_of(rows[i].text), &n);

		if (got != (rows[i].model ? 0 : -1))
			fail_msg("\"%s\": %d", rows[i].text, got);
		if (got != 0)
			continue;
		assert_string_equal(n.host, rows[i].host);
		assert_string_equal(n.space, rows[i].space);
		assert_string_equal(n.model, rows[i].model);
		assert_string_equal(n.tag, rows[i].tag);
	}
}

static void parts_end_at_their_limits(void **state)
{
	char text[2 * MODEL_PART_MAX + 8];
	struct model_name n;

	(void)state;
	memset(text, 'a', sizeof(text));
	text[MODEL_PART_MAX] = '/';
	assert_int_equal(
	        model_name_parse((struct view){text, 2 * MODEL_PART_MAX + 1}, &n), 0);
	assert_int_equal(
	        model_name_parse((struct view){text, 2 * MODEL_PART_MAX + 2}, &n), -1);
	text[MODEL_PART_MAX] = 'a';
	text[MODEL_PART_MAX + 1] = '/';
	assert_int_equal(
	        model_name_parse((struct view){text, MODEL_PART_MAX + 4}, &n), -1);
}

static void a_name_is_shown_short(void **state)
{
	static const char *const rows[][2] = {
	        {"llama3", "llama3:latest"},
	        {"library/llama3:8b", "llama3:8b"},
	        {"me/m", "me/m:latest"},
	        {"host:1/library/m:t", "m:t"},
	};
	struct model_name n, same;
	char text[MODEL_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(model_name_parse(view_of(rows[i][0]), &n), 0);
		model_name_text(&n, text);
		assert_string_equal(text, rows[i][1]);
		assert_int_equal(model_name_parse(view_of(text), &same), 0);
		n.host[0] = '\0';
		assert_true(model_name_equal(&n, &same));
	}
}

static void repositories(void **state)
{
	static const struct {
		const char *name;
		const char *repo;
		bool escaped; /* refused without */
	} rows[] = {
	        {"llama3.2", "library/llama3.2", false},
	        {"me/my-model__x--y", "me/my-model__x--y", false},
	        {"qwen", "library/qwen", false},
	        {"The.Lucky-1", "library/u---qthe.qlucky-1", true},
	        {"_why/m", "u---q1why/m", true},
	        {"_why/_The", "u---q1why/u---q1qthe", true},
	        {"Qwen2.5q", "library/u---qqwen2.5q0", true},
	        {"a-", "library/u---aq3", true},
	        {"a..b", "library/u---aq2q2b", true},
	        {"a._b", "library/u---aq2q1b", true},
	        {"a___b", "library/u---aq1q1q1b", true},
	        {"a---b", "library/a---b", false},
	        {"u---qthe", "library/u---qthe", false},
	        {"u---The", "library/u---u---qthe", true},
	};
	struct model_name n, back;
	struct repo_name repo;
	struct tag tag;
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(model_name_parse(view_of(rows[i].name), &n), 0);
		assert_int_equal(model_name_repo(&n, true, &repo, &tag, &err), 0);
		assert_string_equal(repo.text, rows[i].repo);
		assert_string_equal(tag.text, "latest");
		if (rows[i].escaped) {
			assert_int_equal(
			        model_name_of_repo(&repo, view_of("latest"), &back), 0);
			assert_true(model_name_equal(&n, &back));
		}
		assert_int_equal(model_name_repo(&n, false, &repo, &tag, &err),
		        rows[i].escaped ? -1 : 0);
		assert_int_equal(err.code, rows[i].escaped ? ERR_NAME_INVALID : ERR_NONE);
		err_release(&err);
	}
}

static void the_escaped_name_is_the_same_repository(void **state)
{
	struct repo_name a, b;

	(void)state;
	assert_int_equal(model_repo_parse(view_of("library/The"), true, &a), 0);
	assert_int_equal(model_repo_parse(view_of(a.text), true, &b), 0);
	assert_string_equal(a.text, b.text);
	assert_int_equal(model_repo_parse(view_of("library/The"), false, &a), -1);
	assert_int_equal(model_repo_parse(view_of("a/b/c/d"), true, &a), 0);
	assert_int_equal(model_repo_parse(view_of("a//b"), true, &a), -1);
	assert_int_equal(model_repo_parse(view_of("a/"), true, &a), -1);
	assert_int_equal(model_repo_parse(view_of("../b"), true, &a), -1);
	assert_int_equal(model_repo_parse(view_of("A\0B"), true, &a), 0);
	assert_int_equal(model_repo_parse((struct view){"A\0B", 3}, true, &a), -1);
}

static void what_is_too_long_when_escaped_is_refused(void **state)
{
	char text[2 * MODEL_PART_MAX + 2];
	struct model_name n;
	struct repo_name repo;
	struct tag tag;
	struct err err = ERR_INIT;

	(void)state;
	memset(text, 'A', sizeof(text));
	text[MODEL_PART_MAX] = '/';
	assert_int_equal(
	        model_name_parse((struct view){text, 2 * MODEL_PART_MAX + 1}, &n), 0);
	assert_int_equal(model_name_repo(&n, true, &repo, &tag, &err), -1);
	assert_int_equal(err.code, ERR_NAME_INVALID);
	err_release(&err);
}

static void repositories_that_are_no_models(void **state)
{
	static const char *const rows[] = {"one", "a/b/c", "my.org/app",
	        "library/"
	        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	        "aaaaaaaaa"};
	struct model_name n;
	struct repo_name repo;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(repo_name_parse(view_of(rows[i]), &repo), 0);
		assert_int_equal(model_name_of_repo(&repo, view_of("latest"), &n), -1);
	}
	assert_int_equal(repo_name_parse(view_of("a/u---qx-q"), &repo), 0);
	assert_int_equal(model_name_of_repo(&repo, view_of("latest"), &n), 0);
	assert_string_equal(n.model, "u---qx-q");
	assert_int_equal(repo_name_parse(view_of("a/u---q2x"), &repo), 0);
	assert_int_equal(model_name_of_repo(&repo, view_of("latest"), &n), 0);
	assert_string_equal(n.model, "u---q2x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(names),
	        cmocka_unit_test(parts_end_at_their_limits),
	        cmocka_unit_test(a_name_is_shown_short),
	        cmocka_unit_test(repositories),
	        cmocka_unit_test(the_escaped_name_is_the_same_repository),
	        cmocka_unit_test(what_is_too_long_when_escaped_is_refused),
	        cmocka_unit_test(repositories_that_are_no_models),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
