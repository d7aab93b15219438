#include "service/curl_calls.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

/* Its name since 2006: functions are added to it, never taken away. */
#define LIBRARY "libcurl.so.4"

#define CALL(name) {"curl_" #name, offsetof(struct curl_calls, name)}

static const struct {
	const char *name;
	size_t offset;
} calls[] = {
        CALL(global_init),
        CALL(free),
        CALL(easy_init),
        CALL(easy_cleanup),
        CALL(easy_reset),
        CALL(easy_setopt),
        CALL(easy_getinfo),
        CALL(easy_pause),
        CALL(easy_strerror),
        CALL(multi_init),
        CALL(multi_cleanup),
        CALL(multi_add_handle),
        CALL(multi_remove_handle),
        CALL(multi_perform),
        CALL(multi_poll),
        CALL(multi_info_read),
        CALL(slist_append),
        CALL(slist_free_all),
        CALL(url),
        CALL(url_cleanup),
        CALL(url_get),
        CALL(url_set),
};

static int load(struct curl_calls *out, struct err *err)
{
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL), *function;

	if (!library)
		return err_set(err, ERR_FAULT, "libcurl cannot be loaded: %s", dlerror());
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		function = dlsym(library, calls[i].name);
		if (!function)
			return err_set(err, ERR_FAULT, "%s has no function %s: 7.85 or "
			        "newer is needed", LIBRARY, calls[i].name);
		/* ISO C has no conversion from a pointer to an object. */
		memcpy((char *)out + calls[i].offset, &function, sizeof(function));
	}
	if (out->global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(err, ERR_FAULT, "libcurl cannot be started");
	return 0;
}

const struct curl_calls *curl_calls(struct err *err)
{
	static struct curl_calls loaded;
	static bool ready;

	if (!ready && load(&loaded, err) != 0)
		return NULL;
	ready = true;
	return &loaded;
}
