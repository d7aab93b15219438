/*
 * One line per event on stderr: UTC time, level, the current request id, event and
 * key=value text. Control bytes, backslashes and non-ASCII bytes in the text are escaped
 * (\xNN), so that a client can never write a line of its own. Nothing secret belongs here.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/attr.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Events above the level are dropped; the start is LOG_LEVEL_WARN. */
void log_set_level(enum log_level level);
/* The id printed with every line until the next call; at most 32 characters, "" for none. */
void log_set_request(const char *id);
/* event is a unique name in the source, fmt the key=value part. */
void log_event(enum log_level level, const char *event, const char *fmt, ...) PRINTF(3, 4);

#endif
