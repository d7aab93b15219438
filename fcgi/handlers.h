/*
 * The handlers of the route table. A program links the file of its own family only; the
 * others stay NULL in its table (weak), and it answers 404 for their paths.
 */
#ifndef HANDLERS_H
#define HANDLERS_H

struct exchange;

#define HANDLER(name) int name(struct exchange *x) __attribute__((weak))

HANDLER(base_version);
HANDLER(base_extensions);
HANDLER(base_repository_extensions);
HANDLER(base_health);
HANDLER(token_get);
HANDLER(token_post);
HANDLER(catalog_list);
HANDLER(tags_list_page);
HANDLER(manifest_get);
HANDLER(manifest_put);
HANDLER(manifest_delete);
HANDLER(referrers_get);
HANDLER(blob_get);
HANDLER(blob_delete);
HANDLER(uploads_post);
HANDLER(upload_status);
HANDLER(upload_patch);
HANDLER(upload_put);
HANDLER(upload_delete);
HANDLER(usage_list);
HANDLER(usage_get);
HANDLER(quota_get);
HANDLER(quota_put);
HANDLER(quota_delete);
HANDLER(recount_post);
HANDLER(repository_delete);
HANDLER(gc_post);
HANDLER(scrub_post);
HANDLER(cleanup_post);
HANDLER(remotes_pull);
HANDLER(remotes_push);

HANDLER(api_root);
HANDLER(api_version);
HANDLER(api_ps);
HANDLER(api_me);
HANDLER(api_tags);
HANDLER(api_show);
HANDLER(api_copy);
HANDLER(api_delete);
HANDLER(api_create);
HANDLER(api_blob_head);
HANDLER(api_blob_post);
HANDLER(api_verify);
HANDLER(api_prune);
HANDLER(api_parse);
HANDLER(api_runs_nothing);

#undef HANDLER

#endif
