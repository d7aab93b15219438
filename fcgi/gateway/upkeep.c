#include "gateway/upkeep.h"

#include "base/log.h"
#include "service/collect.h"

#include <time.h>
#include <unistd.h>

static int64_t milliseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Nobody gains by guessing it: the time and the number of the process, scrambled, will do. */
bool upkeep_is_due(const struct config *c)
{
	struct timespec t;
	uint64_t n;

	clock_gettime(CLOCK_REALTIME, &t);
	n = ((uint64_t)t.tv_nsec ^ (uint64_t)getpid() << 32) * 0x9e3779b97f4a7c15;
	return (n >> 32) % 1000 < c->gc_probability;
}

static bool time_is_up(void *arg)
{
	const int64_t *end = arg;

	return milliseconds() >= *end;
}

void upkeep_run(struct store *s, const struct config *c)
{
	const struct collect_options options = {
	        .grace = c->gc_grace,
	        .session_idle = c->upload_idle,
	        .untagged_age = c->gc_untagged,
	};
	int64_t end = milliseconds() + UPKEEP_SECONDS * 1000;
	const struct job job = {.cancelled = time_is_up, .arg = &end};
	struct collect_result result = {0};
	struct err err = ERR_INIT;

	if (collect_run(s, &options, &job, &result, &err) != 0)
		log_event(LOG_LEVEL_ERROR, "upkeep", "text=\"%s\"", err.text);
	err_release(&err);
}
