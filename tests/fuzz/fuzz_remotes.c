/*
 * The file of other registries, and the name of what is wanted from one: the input is the
 * name, a line feed, and the file.
 */
#include "fuzz/fuzz.h"

#include "format/remote_name.h"
#include "format/remotes.h"

#include <assert.h>
#include <string.h>

static void check_rules(const struct remotes *r)
{
	for (size_t i = 0; i < r->n; i++) {
		assert((r->rules[i].user.len > 0) == (r->rules[i].password.len > 0));
		assert(!r->rules[i].http || r->rules[i].insecure);
		assert(r->rules[i].nredirects <= REMOTE_HOSTS_MAX);
	}
}

static void check_name(const struct remote_name *n, const struct remotes *r)
{
	const struct remote_rule *rule =
	        remotes_find(r, view_of(n->host), n->port);
	struct tag tag;

	assert(n->host[0] && n->path[0] && n->port <= 65535);
	assert(!strstr(n->path, "..") || !strstr(n->path, "/../"));
	assert(!strpbrk(n->host, "/@?#% \n") && !strpbrk(n->path, ":@?#% \n"));
	assert(tag_parse(view_of(n->tag.text), &tag) == 0);
	assert(!rule || (rule >= r->rules && rule < r->rules + r->n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view text = {(const char *)data, size}, name;
	struct remotes r = REMOTES_INIT;
	struct err err = ERR_INIT;
	struct remote_name n;

	view_cut(text, '\n', &name, &text);
	if (remotes_parse(text, "remotes", &r, &err) == 0)
		check_rules(&r);
	else
		assert(r.n == 0 && err.code == ERR_FAULT);
	if (remote_name_parse(name, "registry.ollama.ai", &n) == 0)
		check_name(&n, &r);
	remotes_release(&r);
	err_release(&err);
	return 0;
}
