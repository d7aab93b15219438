/*
 * Models in the store: copied, deleted, made, and the files from which they are made.
 * Weights are never copied: a repository gets a link to the blob (store/blobs.h), and all
 * that is counted goes through the accounts.
 */
#ifndef SERVICE_MODELS_H
#define SERVICE_MODELS_H

#include "format/model_request.h"
#include "service/job.h"
#include "service/model.h"

/* The component of the repository that keeps uploads until a model is made of them. */
#define MODELS_STAGING "ollama-uploads"

/*
 * Gives the model of a name another name; onto itself it does nothing. What had the name
 * before loses it. ERR_NOT_FOUND when there is no such model; ERR_MANIFEST_BLOB_UNKNOWN
 * when a part of it has gone. On a failure the new name is as it was.
 */
int models_copy(struct store *s, const struct model_name *from,
        const struct model_name *to, struct err *err);
/*
 * Takes the name away; what nothing else refers to is left to collection. ERR_NOT_FOUND.
 */
int models_delete(struct store *s, const struct model_name *name, struct err *err);
/*
 * The repository in which a user's uploads wait: <user>/ollama-uploads, so that they
 * count for the user's account and go away with collection, since no manifest needs them.
 * For nobody in particular it is in library/. 0, or -1 with ERR_DENIED when no namespace
 * can be of the user's name.
 */
int models_staging(const char *user, struct repo_name *out, struct err *err);

/*
 * Makes a model: from the layers of another, or from uploaded files, with the small
 * layers that the request gives. These, the config and the manifest are written; the
 * weights are linked. Items "status" tell what Ollama tells at each step, "success"
 * excepted.
 *
 * staging is where uploads are looked for beside the model's own repository; those that
 * were used are taken away from it. ERR_NOT_FOUND when there is no model to begin from;
 * ERR_BAD_REQUEST for files that are not there or no GGUF; what model_open, gguf_read,
 * blobs_mount and manifests_put fail with. On a failure the name is as it was.
 */
int models_create(struct store *s, const struct model_request *r,
        const struct repo_name *staging, const struct job *job, struct err *err);

/*
 * For what makes models: links every blob of a manifest from one repository to another,
 * stores the manifest and sets the tag.
 */
int models_link(struct store *s, const struct model_manifest *m,
        const struct repo_name *from, const struct repo_name *to, struct err *err);
int models_put(struct store *s, const struct repo_name *repo, const struct tag *tag,
        struct view manifest, const char *media_type, struct err *err);
/* An item "status". */
void models_tell(const struct job *job, const char *fmt, ...) PRINTF(2, 3);

#endif
