/*
 * libcurl, loaded when another registry is first asked: with the thirty libraries that it
 * brings it would cost every idle worker two megabytes.
 */
#ifndef SERVICE_CURL_CALLS_H
#define SERVICE_CURL_CALLS_H

#include "base/err.h"

#include <curl/curl.h>

#define CURL_CALL(name) __typeof__(&curl_##name) name

struct curl_calls {
	CURL_CALL(global_init);
	CURL_CALL(free);
	CURL_CALL(easy_init);
	CURL_CALL(easy_cleanup);
	CURL_CALL(easy_reset);
	CURL_CALL(easy_setopt);
	CURL_CALL(easy_getinfo);
	CURL_CALL(easy_pause);
	CURL_CALL(easy_strerror);
	CURL_CALL(multi_init);
	CURL_CALL(multi_cleanup);
	CURL_CALL(multi_add_handle);
	CURL_CALL(multi_remove_handle);
	CURL_CALL(multi_perform);
	CURL_CALL(multi_poll);
	CURL_CALL(multi_info_read);
	CURL_CALL(slist_append);
	CURL_CALL(slist_free_all);
	CURL_CALL(url);
	CURL_CALL(url_cleanup);
	CURL_CALL(url_get);
	CURL_CALL(url_set);
};

#undef CURL_CALL

/*
 * The functions of libcurl without their prefix; NULL and ERR_FAULT when it cannot be
 * loaded or started. Loaded once.
 */
const struct curl_calls *curl_calls(struct err *err);

#endif
