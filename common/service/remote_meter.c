#include "service/remote_meter.h"

#include <stdio.h>
#include <time.h>

#define STEP_MS 100
#define HEX_SHOWN 12 /* as Ollama shows a digest */

void remote_meter_tell(const struct remote_meter *m)
{
	char step[DIGEST_TEXT_MAX + 40], text[DIGEST_TEXT_MAX + 1];

	snprintf(step, sizeof(step), "%.10s %.*s %s", m->verb, HEX_SHOWN, m->digest->hex,
	        digest_text(m->digest, text));
	job_progress(m->job, step, m->completed, m->total);
}

int remote_meter_wait(const struct remote_meter *m, unsigned ms, struct err *err)
{
	const struct timespec step = {0, STEP_MS * 1000000L};

	for (unsigned waited = 0; waited < ms; waited += STEP_MS) {
		if (job_cancelled(m->job))
			return err_set(err, ERR_GONE, "cancelled");
		nanosleep(&step, NULL);
	}
	return 0;
}
