/* Media types as Content-Type carries them. */
#include "format/media.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void content_types(void **state)
{
	static const struct {
		const char *value;
		const char *want; /* NULL: refused */
	} rows[] = {
		{MEDIA_OCI_MANIFEST, MEDIA_OCI_MANIFEST},
		{"application/json; charset=utf-8", "application/json"},
		{"application/json;charset=\"a;b\"", "application/json"},
		{" \tapplication/json\t ", "application/json"},
		{"application/json ; x", "application/json"},
		{"Application/JSON", "Application/JSON"},
		{"a/b", "a/b"},
		{"", NULL},
		{"application", NULL},
		{"application/", NULL},
		{"/json", NULL},
		{"/", NULL},
		{"a/b/c", NULL},
		{"a /b", NULL},
		{"a/b c", NULL},
		{"a/b\nc", NULL},
		{"a/b,c/d", NULL},
		{"a/\"b\"", NULL},
		{"a/b\x80", NULL},
		{";a/b", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char out[MEDIA_TYPE_MAX + 1];
		int got = media_type_parse(view_of(rows[i].value), out);

		if (got != (rows[i].want ? 0 : -1))
			fail_msg("\"%s\": %d", rows[i].value, got);
		assert_string_equal(out, rows[i].want ? rows[i].want : "");
	}
}

static void a_type_ends_at_its_limit(void **state)
{
	char value[MEDIA_TYPE_MAX + 1], out[MEDIA_TYPE_MAX + 1];

	(void)state;
	memset(value, 'a', sizeof(value));
	value[1] = '/';
	assert_int_equal(media_type_parse((struct view){value, MEDIA_TYPE_MAX}, out), 0);
	assert_int_equal(strlen(out), MEDIA_TYPE_MAX);
	assert_int_equal(
		media_type_parse((struct view){value, MEDIA_TYPE_MAX + 1}, out), -1);
	assert_string_equal(out, "");
}

static void nondistributable(void **state)
{
	static const char *yes[] = {
		"application/vnd.oci.image.layer.nondistributable.v1.tar",
		"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
		"application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
		"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
	};
	static const char *no[] = {
		"application/vnd.oci.image.layer.v1.tar+gzip",
		"application/vnd.docker.image.rootfs.diff.tar.gzip",
		"application/vnd.oci.image.layer.nondistributable",
		"",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		assert_true(media_type_is_nondistributable(view_of(yes[i])));
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		assert_false(media_type_is_nondistributable(view_of(no[i])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(content_types),
		cmocka_unit_test(a_type_ends_at_its_limit),
		cmocka_unit_test(nondistributable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
