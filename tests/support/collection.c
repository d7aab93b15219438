#include "support/collection.h"

#include "support/cgi.h"
#include "support/invariants.h"
#include "support/values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void hear(void *arg, const char *kind, const char *json)
{
	struct collection *c = arg;
	size_t at = strlen(c->items);

	snprintf(c->items + at, sizeof(c->items) - at, "%s %s\n", kind, json);
}

static bool is_cancelled(void *arg)
{
	struct collection *c = arg;

	return ++c->asked == c->stop_at;
}

void collection_open(struct collection *c)
{
	memset(c, 0, sizeof(*c));
	fixture_open(&c->f);
	c->options = (struct collect_options){
		.grace = DAY, .session_idle = DAY, .now = states_now()};
}

void collection_close(struct collection *c, unsigned allow)
{
	assert_int_equal(invariants_check_but(c->f.dir, allow), 0);
	fixture_close(&c->f);
}

void collection_run(struct collection *c)
{
	const struct job job = {.item = hear, .cancelled = is_cancelled, .arg = c};
	unsigned fds = open_descriptors();
	struct err err = ERR_INIT;

	c->items[0] = '\0';
	c->asked = 0;
	if (collect_run(&c->f.store, &c->options, &job, &c->result, &err) != 0)
		fail_msg("collect_run: %s", err.text);
	assert_int_equal(err.code, ERR_NONE);
	assert_int_equal(open_descriptors(), fds);
}

void collection_run_all(struct collection *c)
{
	char *before = store_tree(&c->f), *after;
	struct collect_result dry, nothing;

	c->options.dry_run = true;
	collection_run(c);
	dry = c->result;
	after = store_tree(&c->f);
	assert_string_equal(before, after);
	free(before);
	free(after);
	c->options.dry_run = false;
	collection_run(c);
	assert_memory_equal(&c->result, &dry, sizeof(dry));
	collection_run(c);
	/* A repository that was emptied is no longer there to be looked at. */
	nothing = (struct collect_result){.repositories = c->result.repositories,
		.problems = dry.problems};
	assert_memory_equal(&c->result, &nothing, sizeof(nothing));
	c->result = dry;
}

struct states collection_repo(struct collection *c, const char *name)
{
	struct states s = {.f = &c->f};

	snprintf(s.repo, sizeof(s.repo), "%s", name);
	return s;
}

bool collection_has(const struct collection *c, const char *fmt, ...)
{
	char path[1024], full[1200];
	struct stat st;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	snprintf(full, sizeof(full), "%s/%s", c->f.dir, path);
	return lstat(full, &st) == 0;
}
