#include "support/cleaning.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DAY 86400

static void note(void *arg, const char *kind, const char *json)
{
	static const char *const flags[] = {"\"removed\":true", "\"removed\":false"};
	struct report *r = arg;
	size_t len = strlen(r->text);

	for (int i = 0; i < 2; i++) {
		const char *at = strstr(json, flags[i]);

		if (!at)
			continue;
		*(i == 0 ? &r->removed : &r->previewed) += 1;
		snprintf(r->text + len, sizeof(r->text) - len, "%s %.*s%s\n", kind,
			(int)(at - json), json, at + strlen(flags[i]));
		return;
	}
	snprintf(r->text + len, sizeof(r->text) - len, "%s %s\n", kind, json);
}

static bool cancelled(void *arg)
{
	struct report *r = arg;

	return r->cancel_after > 0 && r->asked++ >= r->cancel_after;
}

enum err_code cleaning_run(struct fixture *f, const char *rules, struct cleanup_options o,
	struct report *report, struct cleanup_result *result)
{
	struct job job = {NULL, note, cancelled, report};
	struct cleanup_rules r;
	struct err err = ERR_INIT;
	enum err_code code;
	int rc;

	if (cleanup_rules_parse(view_of(rules), "file", &r, &err) < 0)
		fail_msg("%s", err.text);
	o.rules = &r;
	o.now = states_now();
	report->text[0] = '\0';
	report->removed = report->previewed = report->asked = 0;
	rc = cleanup_run(&f->store, &o, &job, result, &err);
	code = err.code;
	assert_int_equal(rc == 0, code == ERR_NONE);
	if (rc < 0)
		snprintf(report->text, sizeof(report->text), "%s", err.text);
	err_release(&err);
	cleanup_rules_release(&r);
	return code;
}

void cleaning_set_ages(struct states *s, const char *ages)
{
	char copy[256], *at = NULL, path[512];

	snprintf(copy, sizeof(copy), "%s", ages);
	for (char *tag = strtok_r(copy, " ", &at); tag; tag = strtok_r(NULL, " ", &at)) {
		const char *days = strtok_r(NULL, " ", &at);

		assert_non_null(days);
		snprintf(path, sizeof(path), "repos/%s/@tags/%s", s->repo, tag);
		states_touch(s->f, path, states_now() - (int64_t)atoi(days) * DAY);
	}
}
