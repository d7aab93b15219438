/* Errors as values: the first one wins, errno decides the family, the detail is owned. */
#include "base/err.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void the_first_error_wins(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(err_set(&e, ERR_NAME_INVALID, "name %d", 1), -1);
	assert_int_equal(err_set(&e, ERR_FAULT, "second"), -1);
	errno = EIO;
	assert_int_equal(err_io(&e, "third"), -1);
	assert_int_equal(e.code, ERR_NAME_INVALID);
	assert_string_equal(e.text, "name 1");
	assert_int_equal(e.errnum, 0);
	err_release(&e);
	assert_int_equal(e.code, ERR_NONE);
	assert_string_equal(e.text, "");
	assert_int_equal(err_set(&e, ERR_FAULT, "anew"), -1);
	assert_string_equal(e.text, "anew");
	err_release(&e);
}

static void errno_decides_the_code(void **state)
{
	static const struct {
		int errnum;
		enum err_code want;
	} rows[] = {
		{ENOSPC, ERR_FULL},
		{EDQUOT, ERR_FULL},
		{ETIMEDOUT, ERR_BUSY},
		{EIO, ERR_FAULT},
		{ENOENT, ERR_FAULT},
		{EACCES, ERR_FAULT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = ERR_INIT;

		errno = rows[i].errnum;
		assert_int_equal(err_io(&e, "write %s", "tmp/x"), -1);
		assert_int_equal(e.code, rows[i].want);
		assert_int_equal(e.errnum, rows[i].errnum);
		assert_memory_equal(e.text, "write tmp/x", 11);
		assert_false(err_is_refusal(&e));
		err_release(&e);
	}
}

static void long_text_is_cut(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	err_set(&e, ERR_BAD_REQUEST, "%0500d", 1);
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
	err_release(&e);
}

static void the_detail_is_a_copy(void **state)
{
	struct err e = ERR_INIT;
	char json[] = "{\"a\":1}";

	(void)state;
	err_set(&e, ERR_MANIFEST_BLOB_UNKNOWN, "missing");
	err_detail(&e, json);
	json[2] = 'x';
	assert_string_equal(e.detail, "{\"a\":1}");
	err_detail(&e, "2");
	assert_string_equal(e.detail, "2");
	err_release(&e);
	assert_null(e.detail);
	err_release(&e);
}

static void refusals_are_what_the_client_did(void **state)
{
	static const struct {
		enum err_code code;
		bool refusal;
	} rows[] = {
		{ERR_NONE, false},
		{ERR_BLOB_UNKNOWN, true},
		{ERR_TOO_MANY_REQUESTS, true},
		{ERR_BAD_REQUEST, true},
		{ERR_TOO_LARGE, true},
		{ERR_CONFLICT, true},
		{ERR_REMOTE, true},
		{ERR_BUSY, false},
		{ERR_FULL, false},
		{ERR_FAULT, false},
		{ERR_GONE, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = ERR_INIT;

		if (rows[i].code != ERR_NONE)
			err_set(&e, rows[i].code, "x");
		assert_int_equal(err_is_refusal(&e), rows[i].refusal);
		err_release(&e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_error_wins),
		cmocka_unit_test(errno_decides_the_code),
		cmocka_unit_test(long_text_is_cut),
		cmocka_unit_test(the_detail_is_a_copy),
		cmocka_unit_test(refusals_are_what_the_client_did),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
