#include "base/log.h"

#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static enum log_level current_level = LOG_LEVEL_WARN;
static char current_request[33];

void log_set_level(enum log_level level)
{
	current_level = level;
}

void log_set_request(const char *id)
{
	snprintf(current_request, sizeof(current_request), "%s", id);
}

static void add_escaped(char *out, size_t size, const char *text)
{
	size_t used = 0;

	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if (used + 5 > size)
			break;
		if (*p < 0x20 || *p > 0x7e || *p == '\\')
			used += (size_t)snprintf(out + used, size - used, "\\x%02x", *p);
		else
			out[used++] = (char)*p;
	}
	out[used] = '\0';
}

void log_event(enum log_level level, const char *event, const char *fmt, ...)
{
	static const char *const names[] = {"error", "warn", "info", "debug"};
	char text[1024], escaped[2048], stamp[32];
	time_t now = time(NULL);
	struct tm tm;
	va_list ap;

	if (level > current_level)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	add_escaped(escaped, sizeof(escaped), text);
	gmtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", &tm);
	/* One call, so that lines of several workers on one descriptor do not mix. */
	fprintf(stderr, "%s %s pid=%ld%s%s event=%s %s\n", stamp, names[level], (long)getpid(),
		current_request[0] ? " request=" : "", current_request, event, escaped);
}
