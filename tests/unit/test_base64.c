#include "format/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* RFC 4648, section 10, and bytes that use the two characters that differ. */
static const struct {
	const char *bytes, *standard, *url;
} pairs[] = {
        {"", "", ""},
        {"f", "Zg==", "Zg"},
        {"fo", "Zm8=", "Zm8"},
        {"foo", "Zm9v", "Zm9v"},
        {"foob", "Zm9vYg==", "Zm9vYg"},
        {"fooba", "Zm9vYmE=", "Zm9vYmE"},
        {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
        {"\xfb\xff\xfe", "+//+", "-__-"},
};

static void encodes_and_decodes(void **state)
{
	struct buf text = BUF_INIT(64);
	char bytes[16];
	size_t i, len;

	(void)state;
	for (i = 0; i < COUNT(pairs); i++) {
		buf_clear(&text);
		assert_int_equal(
		        base64_encode(pairs[i].bytes, strlen(pairs[i].bytes), &text), 0);
		assert_string_equal(buf_str(&text), pairs[i].standard);
		assert_int_equal(
		        base64_decode(buf_view(&text), bytes, sizeof(bytes), &len), 0);
		assert_int_equal(len, strlen(pairs[i].bytes));
		assert_memory_equal(bytes, pairs[i].bytes, len);

		buf_clear(&text);
		assert_int_equal(
		        base64url_encode(pairs[i].bytes, strlen(pairs[i].bytes), &text),
		        0);
		assert_string_equal(buf_str(&text), pairs[i].url);
		assert_int_equal(
		        base64url_decode(buf_view(&text), bytes, sizeof(bytes), &len), 0);
		assert_int_equal(len, strlen(pairs[i].bytes));
		assert_memory_equal(bytes, pairs[i].bytes, len);
	}
	buf_release(&text);
}

static void refuses_what_is_not_canonical(void **state)
{
	static const char *const standard[] = {"Zg", "Zg=", "Zg===", "=",
	        "====", "Zh==", "Zm9=", "Zm 9", "Zm9v\n", "Zm9v====", "Z===", "-__-",
	        "Zg==Zg==", "Zm9vY\xc3\xa9g"};
	static const char *const url[] = {
	        "Zg==", "Z", "Zh", "Zm9", "+//+", "Zm9v\n", "Zm9vY", "Zm8 "};
	char bytes[16];
	size_t i, len;

	(void)state;
	for (i = 0; i < COUNT(standard); i++)
		assert_int_equal(
		        base64_decode(view_of(standard[i]), bytes, 16, &len), -1);
	for (i = 0; i < COUNT(url); i++)
		assert_int_equal(base64url_decode(view_of(url[i]), bytes, 16, &len), -1);
	assert_int_equal(
	        base64_decode((struct view){"Zm9v\0\0\0\0", 8}, bytes, 16, &len), -1);
}

static void minds_the_room(void **state)
{
	struct buf text = BUF_INIT(7);
	char bytes[6];
	size_t len;

	(void)state;
	assert_int_equal(base64_decode(VIEW_LIT("Zm9vYmFy"), bytes, 6, &len), 0);
	assert_int_equal(base64_decode(VIEW_LIT("Zm9vYmFy"), bytes, 5, &len), -1);
	assert_int_equal(base64_decode(VIEW_LIT("Zm9vYmE="), bytes, 5, &len), 0);
	assert_int_equal(base64_decode(VIEW_LIT("Zm9vYmE="), bytes, 4, &len), -1);
	assert_int_equal(base64_decode(VIEW_LIT("Zm9vYg=="), bytes, 4, &len), 0);
	assert_int_equal(base64_decode(VIEW_LIT("Zm9vYg=="), bytes, 3, &len), -1);
	assert_int_equal(base64_encode("foobar", 6, &text), -1);
	buf_release(&text);
}

static void every_byte_comes_back(void **state)
{
	unsigned char bytes[256], back[256];
	struct buf text = BUF_INIT(400);
	size_t i, n, len;

	(void)state;
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i * 37 + 11);
	for (n = 0; n <= sizeof(bytes); n++) {
		buf_clear(&text);
		assert_int_equal(base64_encode(bytes, n, &text), 0);
		assert_true(BASE64_DECODED_MAX(text.len) >= n);
		assert_int_equal(
		        base64_decode(buf_view(&text), back, sizeof(back), &len), 0);
		assert_int_equal(len, n);
		assert_memory_equal(back, bytes, n);
	}
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(encodes_and_decodes),
	        cmocka_unit_test(refuses_what_is_not_canonical),
	        cmocka_unit_test(minds_the_room),
	        cmocka_unit_test(every_byte_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
