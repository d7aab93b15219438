#include "service/scrub_parts.h"

#include "base/io.h"
#include "store/account_recount.h"
#include "store/listing.h"
#include "store/upload_state.h"
#include "store/uploads.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

/* ---- accounts ---- */

int scrub_account(struct scrub *c, const struct repo_name *ns)
{
	struct path path = path_account(ns), record = path_account_file(ns, "account");
	struct repo_name first = *ns;
	struct account found;
	struct err why = ERR_INIT;
	struct stat st;
	bool differs;

	if (job_cancelled(c->job))
		return 1;
	/* It is counted when it is needed; to recount it would make its lock. */
	if (io_stat(c->store->root, record.text, &st) < 0 &&
		(errno == ENOENT || errno == ENOTDIR))
		return 0;
	first.text[repo_name_namespace(ns).len] = '\0';
	if (account_recount(c->store, &first, c->options->repair, &found, &differs, &why) <
		0)
		scrub_fault(c, NULL, path.text, &why);
	else if (differs)
		scrub_problem(c,
			&(struct problem){.kind = "account",
				.path = path.text,
				.repaired = c->options->repair},
			"%s holds %" PRIu64 " blobs and %" PRIu64
			" manifests of %" PRIu64 " bytes together, and its account says "
			"something else",
			first.text, found.blobs, found.manifests, found.bytes);
	return 0;
}

static int each_account(void *arg, const struct repo_name *ns, struct err *err)
{
	(void)err;
	return scrub_account(arg, ns);
}

int scrub_accounts(struct scrub *c)
{
	struct err why = ERR_INIT;
	int rc = account_list(c->store, "", each_account, c, &why);

	if (rc < 0)
		scrub_fault(c, NULL, PATH_QUOTA, &why);
	return rc > 0;
}

/* ---- sessions ---- */

/* Whether the record is damaged, or has been missing for the grace: 1, 0, or -1. */
static int is_damaged(struct scrub *c, const struct session_id *id, struct err *err)
{
	struct path state = path_upload_file(id, "state"), dir = path_upload(id);
	int64_t grace = (int64_t)c->store->config->gc_grace;
	struct upload u = UPLOAD_INIT;
	struct stat st;
	bool proven;
	int found;

	u.id = *id;
	found = upload_state_load(c->store, &u, &proven, err);
	if (found != 0)
		return found < 0 ? -1 : 0;
	if (io_stat(c->store->root, state.text, &st) == 0)
		return 1;
	if (errno != ENOENT)
		return err_io(err, "cannot look at %s", state.text);
	if (io_stat(c->store->root, dir.text, &st) < 0)
		return errno == ENOENT ? 0 : err_io(err, "cannot look at %s", dir.text);
	/* Who makes a session writes the record last. */
	return st.st_mtim.tv_sec + grace < c->now;
}

/* Removes a session that nobody can use, under its lock: 0, or -1. */
static int remove_session(struct scrub *c, const struct session_id *id, struct err *err)
{
	static const char *const files[] = {"data", "state.new", "state"};
	struct path dir = path_upload(id);

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct path file = path_upload_file(id, files[i]);

		if (io_unlink(c->store->root, file.text) < 0 && errno != ENOENT)
			return err_io(err, "cannot remove %s", file.text);
	}
	if (io_rmdir(c->store->root, dir.text) < 0 && errno != ENOENT)
		return err_io(err, "cannot remove %s", dir.text);
	return 0;
}

static int mend_session(struct scrub *c, const struct session_id *id, struct err *err)
{
	struct path data = path_upload_file(id, "data");
	int lock = io_open(c->store->root, data.text, O_RDWR, 0);
	int rc = 0;

	if (lock == -1 && errno != ENOENT)
		return err_io(err, "cannot open %s", data.text);
	if (lock != -1 && io_lock(lock, true, 0) < 0)
		rc = err_io(err, "cannot lock %s", data.text);
	if (rc == 0)
		rc = remove_session(c, id, err);
	io_close(&lock);
	return rc;
}

static void check_session(struct scrub *c, const char *name)
{
	struct err why = ERR_INIT;
	struct session_id id;
	struct path path;
	bool repaired = false;
	int damaged;

	if (session_id_parse(view_of(name), &id) < 0) {
		snprintf(path.text, sizeof(path.text), PATH_UPLOADS "/%s", name);
		scrub_problem(c, &(struct problem){.kind = "stray", .path = path.text},
			"the name does not belong there");
		return;
	}
	path = path_upload(&id);
	damaged = is_damaged(c, &id, &why);
	if (damaged < 0)
		scrub_fault(c, NULL, path.text, &why);
	if (damaged != 1)
		return;
	if (c->options->repair)
		repaired = mend_session(c, &id, &why) == 0;
	scrub_problem(c,
		&(struct problem){
			.kind = "session", .path = path.text, .repaired = repaired},
		"the record of the upload is damaged or missing%s%s",
		why.code != ERR_NONE ? "; " : "", why.text);
	err_release(&why);
}

int scrub_sessions(struct scrub *c)
{
	struct path dir = {PATH_UPLOADS};
	struct listing *l = NULL;
	struct err why = ERR_INIT;
	bool cancelled = false;

	if (listing_get(c->store, &dir, &l, &why) < 0) {
		scrub_fault(c, NULL, dir.text, &why);
		return 0;
	}
	for (size_t i = 0; i < l->count && !cancelled; i++) {
		cancelled = job_cancelled(c->job);
		if (!cancelled)
			check_session(c, l->names[i]);
	}
	listing_release(l);
	return cancelled;
}
