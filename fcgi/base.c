/* /v2/: version check, health, and what the registry offers beyond the specification. */
#include "handlers.h"

#include "gateway/exchange.h"
#include "gateway/reply.h"
#include "store/check.h"

#define SPECIFICATION "https://github.com/opencontainers/distribution-spec/blob/main/"

/* Discovery documents (extensions/_oci.md): of the registry and of any repository. */
static const char registry_extensions[] =
        "{\"extensions\":["
        "{\"name\":\"_lighter\","
        "\"url\":\"" SPECIFICATION "extensions/README.md\","
        "\"description\":\"Health, usage and upkeep of this registry\","
        "\"endpoints\":[\"/v2/_lighter/health\",\"/v2/_lighter/usage\","
        "\"/v2/_lighter/quota/{namespace}\",\"/v2/_lighter/recount\","
        "\"/v2/_lighter/repositories/{name}\",\"/v2/_lighter/gc\","
        "\"/v2/_lighter/scrub\",\"/v2/_lighter/cleanup\"]},"
        "{\"name\":\"_oci\","
        "\"url\":\"" SPECIFICATION "extensions/_oci.md\","
        "\"description\":\"Extensions of this registry\","
        "\"endpoints\":[\"/v2/_oci/ext/discover\"]}]}";

static const char repository_extensions[] =
        "{\"extensions\":["
        "{\"name\":\"_oci\","
        "\"url\":\"" SPECIFICATION "extensions/_oci.md\","
        "\"description\":\"Extensions of this repository\","
        "\"endpoints\":[\"/v2/{name}/_oci/ext/discover\"]}]}";

static int reply_text(struct exchange *x, const char *json)
{
	return reply_body(x, 200, "application/json", view_of(json));
}

/* end-1. Whether the registry implements the specification. */
int base_version(struct exchange *x)
{
	return reply_text(x, "{}");
}

/* Extensions of the registry (extensions/_oci.md, module discover). */
int base_extensions(struct exchange *x)
{
	return reply_text(x, registry_extensions);
}

/* Extensions of one repository: the same for all, whether they exist or not. */
int base_repository_extensions(struct exchange *x)
{
	return reply_text(x, repository_extensions);
}

/* Whether this program can reach its store: for monitors and load balancers. */
int base_health(struct exchange *x)
{
	if (store_check(x->store, &x->err) != 0)
		return -1;
	return reply_text(x, "{\"status\":\"ok\"}");
}
