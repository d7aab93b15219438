#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int set(struct err *e, enum err_code code, int errnum, const char *fmt, va_list ap)
{
	if (e->code != ERR_NONE)
		return -1;
	e->code = code;
	e->errnum = errnum;
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	return -1;
}

int err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set(e, code, 0, fmt, ap);
	va_end(ap);
	return -1;
}

int err_io(struct err *e, const char *fmt, ...)
{
	int errnum = errno;
	enum err_code code = ERR_FAULT;
	va_list ap;

	if (errnum == ENOSPC || errnum == EDQUOT)
		code = ERR_FULL;
	else if (errnum == ETIMEDOUT)
		code = ERR_BUSY;
	va_start(ap, fmt);
	set(e, code, errnum, fmt, ap);
	va_end(ap);
	return -1;
}

void err_detail(struct err *e, const char *json)
{
	free(e->detail);
	e->detail = strdup(json);
}

void err_release(struct err *e)
{
	free(e->detail);
	*e = ERR_INIT;
}

bool err_is_refusal(const struct err *e)
{
	return e->code > ERR_NONE && e->code < ERR_BUSY;
}
