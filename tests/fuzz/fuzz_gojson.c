/* JSON as Go writes it is JSON, says the same, and is written the same again. */
#include "fuzz/fuzz.h"

#include "format/gojson.h"
#include "format/json.h"

#include <assert.h>

#define TEXT_MAX ((size_t)1 << 16)

/* Writes a tree and reads what was written. */
static struct json_object *write_and_read(struct json_object *o, struct buf *text)
{
	struct json_object *again;
	const char *why;

	buf_clear(text);
	assert(gojson_add_value(text, o) == 0);
	again = json_parse_object(buf_view(text), &why);
	assert(again);
	return again;
}

static void check_tree(struct json_object *o)
{
	struct buf second = BUF_INIT(16 * TEXT_MAX), third = BUF_INIT(16 * TEXT_MAX);
	/* Read from "-0", the first is an integer: only the texts after it are the same.
	 */
	struct json_object *a = write_and_read(o, &second);
	struct json_object *b = write_and_read(a, &second);

	json_object_put(write_and_read(b, &third));
	assert(view_equal(buf_view(&second), buf_view(&third)));
	buf_clear(&third);
	assert(gojson_add_literal(&third, o) == 0);
	json_object_put(a);
	json_object_put(b);
	buf_release(&second);
	buf_release(&third);
}

static void check_string(struct view text)
{
	struct buf out = BUF_INIT(16 * TEXT_MAX);
	struct json_object *o;
	const char *why;

	buf_add_str(&out, "{\"s\":");
	gojson_add_string(&out, text);
	assert(buf_add_char(&out, '}') == 0);
	o = json_parse_object(buf_view(&out), &why);
	assert(o);
	buf_clear(&out);
	gojson_add_literal(&out, json_object_object_get(o, "s"));
	assert(!buf_failed(&out));
	json_object_put(o);
	buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view text = {(const char *)data, size};
	const char *why;
	struct json_object *o;

	if (size > TEXT_MAX)
		return 0;
	check_string(text);
	o = json_parse_object(text, &why);
	if (o)
		check_tree(o);
	json_object_put(o);
	return 0;
}
