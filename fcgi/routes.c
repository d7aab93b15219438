#include "routes.h"

#include "handlers.h"

/* Of two paths that both fit, the first counts: literal components stand before words. */
/* clang-format off */
const struct route routes[] = {
	/* base */
	{"GET",    "/v2/",                                ACCESS_LOGIN,   BODY_NONE,   base_version,               "end-1"},
	{"GET",    "/v2/_oci/ext/discover",               ACCESS_LOGIN,   BODY_NONE,   base_extensions,            "extensions"},
	{"GET",    "/v2/<name>/_oci/ext/discover",        ACCESS_PULL,    BODY_NONE,   base_repository_extensions, "extensions"},
	{"GET",    "/v2/_lighter/health",                 ACCESS_NONE,    BODY_NONE,   base_health,                "-"},
	/* admin */
	{"GET",    "/v2/_lighter/usage",                  ACCESS_USAGE,   BODY_NONE,   usage_list,                 "-"},
	{"GET",    "/v2/_lighter/usage/<namespace>",      ACCESS_USAGE,   BODY_NONE,   usage_get,                  "-"},
	{"GET",    "/v2/_lighter/quota/<namespace>",      ACCESS_USAGE,   BODY_NONE,   quota_get,                  "-"},
	{"PUT",    "/v2/_lighter/quota/<namespace>",      ACCESS_ADMIN,   BODY_MEMORY, quota_put,                  "-"},
	{"DELETE", "/v2/_lighter/quota/<namespace>",      ACCESS_ADMIN,   BODY_NONE,   quota_delete,               "-"},
	{"POST",   "/v2/_lighter/recount",                ACCESS_ADMIN,   BODY_NONE,   recount_post,               "-"},
	{"POST",   "/v2/_lighter/recount/<namespace>",    ACCESS_ADMIN,   BODY_NONE,   recount_post,               "-"},
	{"DELETE", "/v2/_lighter/repositories/<name>",    ACCESS_REMOVE,  BODY_NONE,   repository_delete,          "-"},
	{"POST",   "/v2/_lighter/gc",                     ACCESS_ADMIN,   BODY_NONE,   gc_post,                    "-"},
	{"POST",   "/v2/_lighter/scrub",                  ACCESS_ADMIN,   BODY_NONE,   scrub_post,                 "-"},
	{"POST",   "/v2/_lighter/cleanup",                ACCESS_ADMIN,   BODY_NONE,   cleanup_post,               "-"},
	/* token */
	{"GET",    "/v2/token",                           ACCESS_NONE,    BODY_NONE,   token_get,                  "Docker token"},
	{"POST",   "/v2/token",                           ACCESS_NONE,    BODY_STREAM, token_post,                 "Docker OAuth2"},
	/* catalog */
	{"GET",    "/v2/_catalog",                        ACCESS_LIST,    BODY_NONE,   catalog_list,               "extensions"},
	/* tags */
	{"GET",    "/v2/<name>/tags/list",                ACCESS_PULL,    BODY_NONE,   tags_list_page,             "end-8"},
	/* manifests */
	{"GET",    "/v2/<name>/manifests/<reference>",    ACCESS_PULL,    BODY_NONE,   manifest_get,               "end-3"},
	{"PUT",    "/v2/<name>/manifests/<reference>",    ACCESS_PUSH,    BODY_MEMORY, manifest_put,               "end-7"},
	{"DELETE", "/v2/<name>/manifests/<reference>",    ACCESS_DELETE,  BODY_NONE,   manifest_delete,            "end-9"},
	/* referrers */
	{"GET",    "/v2/<name>/referrers/<subject>",      ACCESS_PULL,    BODY_NONE,   referrers_get,              "end-12"},
	/* uploads */
	{"POST",   "/v2/<name>/blobs/uploads/",           ACCESS_PUSH,    BODY_STREAM, uploads_post,               "end-4, end-11"},
	{"GET",    "/v2/<name>/blobs/uploads/<session>",  ACCESS_SESSION, BODY_NONE,   upload_status,              "end-13"},
	{"PATCH",  "/v2/<name>/blobs/uploads/<session>",  ACCESS_SESSION, BODY_STREAM, upload_patch,               "end-5"},
	{"PUT",    "/v2/<name>/blobs/uploads/<session>",  ACCESS_SESSION, BODY_STREAM, upload_put,                 "end-6"},
	{"DELETE", "/v2/<name>/blobs/uploads/<session>",  ACCESS_SESSION, BODY_NONE,   upload_delete,              "end-14"},
	/* blobs */
	{"GET",    "/v2/<name>/blobs/<digest>",           ACCESS_BLOB,    BODY_NONE,   blob_get,                   "end-2"},
	{"DELETE", "/v2/<name>/blobs/<digest>",           ACCESS_DELETE,  BODY_NONE,   blob_delete,                "end-10"},
	/* remotes */
	{"POST",   "/api/pull",                           ACCESS_BODY,    BODY_MEMORY, remotes_pull,               "Ollama"},
	{"POST",   "/api/push",                           ACCESS_BODY,    BODY_MEMORY, remotes_push,               "Ollama"},
	/* models */
	{"GET",    "/",                                   ACCESS_NONE,    BODY_NONE,   api_root,                   "Ollama"},
	{"GET",    "/api/version",                        ACCESS_NONE,    BODY_NONE,   api_version,                "Ollama"},
	{"GET",    "/api/ps",                             ACCESS_NONE,    BODY_NONE,   api_ps,                     "Ollama"},
	{"POST",   "/api/me",                             ACCESS_LOGIN,   BODY_NONE,   api_me,                     "Ollama"},
	{"GET",    "/api/tags",                           ACCESS_BODY,    BODY_NONE,   api_tags,                   "Ollama"},
	{"POST",   "/api/show",                           ACCESS_BODY,    BODY_MEMORY, api_show,                   "Ollama"},
	{"POST",   "/api/copy",                           ACCESS_BODY,    BODY_MEMORY, api_copy,                   "Ollama"},
	{"DELETE", "/api/delete",                         ACCESS_BODY,    BODY_MEMORY, api_delete,                 "Ollama"},
	{"POST",   "/api/create",                         ACCESS_BODY,    BODY_MEMORY, api_create,                 "Ollama"},
	{"HEAD",   "/api/blobs/<digest>",                 ACCESS_BODY,    BODY_NONE,   api_blob_head,              "Ollama"},
	{"POST",   "/api/blobs/<digest>",                 ACCESS_BODY,    BODY_STREAM, api_blob_post,              "Ollama"},
	{"POST",   "/api/verify",                         ACCESS_BODY,    BODY_MEMORY, api_verify,                 "-"},
	{"POST",   "/api/prune",                          ACCESS_BODY,    BODY_MEMORY, api_prune,                  "-"},
	{"POST",   "/api/parse",                          ACCESS_BODY,    BODY_MEMORY, api_parse,                  "-"},
	{"POST",   "/api/generate",                       ACCESS_NONE,    BODY_NONE,   api_runs_nothing,           "Ollama"},
	{"POST",   "/api/chat",                           ACCESS_NONE,    BODY_NONE,   api_runs_nothing,           "Ollama"},
	{"POST",   "/api/embed",                          ACCESS_NONE,    BODY_NONE,   api_runs_nothing,           "Ollama"},
	{"POST",   "/api/embeddings",                     ACCESS_NONE,    BODY_NONE,   api_runs_nothing,           "Ollama"},
};
/* clang-format on */

const size_t nroutes = sizeof(routes) / sizeof(routes[0]);
