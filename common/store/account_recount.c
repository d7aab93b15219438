#include "store/account_recount.h"

#include "base/io.h"
#include "base/log.h"
#include "store/account_record.h"
#include "store/listing.h"
#include "store/path.h"

#include <errno.h>
#include <string.h>

#define LOOKS 3

/*
 * Counts without the lock: 1, 0 when the account has changed meanwhile or there is none, or
 * -1. Whoever changes an entry replaces the record first; only the entry that it excepts
 * can change under an unchanged record, and that is looked up once, at the end.
 */
static int count_free(struct store *s, const struct repo_name *ns, struct account *found,
	bool *differs, struct err *err)
{
	struct account_record before, after;
	struct account counted;
	const struct account_entry *except;
	int rc = account_record_read(s, ns, &before, err);

	if (rc <= 0)
		return rc;
	except = before.has_except ? &before.except : NULL;
	if (account_count_all(s, ns, except, &counted, err) < 0 ||
		account_record_read(s, ns, &after, err) < 0)
		return -1;
	*differs = !account_equal(&counted, &before.sums);
	before.sums = counted;
	rc = account_record_total(s, &before, found, err);
	return rc < 0 ? -1 : strcmp(before.text, after.text) == 0;
}

static int save_counted(struct store *s, const struct repo_name *ns,
	struct account_record *r, const struct account *found, struct err *err)
{
	r->epoch = r->epoch > 0 ? r->epoch + 1 : account_record_first_epoch();
	r->sums = *found;
	r->has_except = false;
	return account_record_save(s, ns, r, err);
}

static int count_held(struct store *s, const struct repo_name *ns, bool repair,
	struct account *found, bool *differs, struct err *err)
{
	struct account_record r;
	struct account said;
	int known = account_record_read(s, ns, &r, err);

	if (known == 1)
		known = account_record_total(s, &r, &said, err);
	if (known < 0 || account_count_all(s, ns, NULL, found, err) < 0)
		return -1;
	*differs = known == 1 ? !account_equal(found, &said) : r.text[0] != '\0';
	if (!*differs || !repair)
		return 0;
	log_event(LOG_LEVEL_WARN, "account-mended", "namespace=%.*s",
		VIEW_ARG(repo_name_namespace(ns)));
	return save_counted(s, ns, &r, found, err);
}

int account_recount(struct store *s, const struct repo_name *ns, bool repair,
	struct account *found, bool *differs, struct err *err)
{
	int lock = -1;
	int rc = 0;

	*found = (struct account){0, 0, 0};
	*differs = false;
	for (int i = 0; rc == 0 && i < LOOKS; i++)
		rc = count_free(s, ns, found, differs, err);
	if (rc < 0)
		return -1;
	if (rc == 1 && !(*differs && repair))
		return 0;
	rc = account_lock(s, ns, &lock, err);
	if (rc == 0)
		rc = count_held(s, ns, repair, found, differs, err);
	io_close(&lock);
	return rc;
}

/* The names of repos/ and of quota/, in one order. */
struct merge {
	struct listing *repos, *quota;
	size_t r, q;
};

/* The next name; *in_repos tells whether it stands in repos/. NULL at the end. */
static const char *merge_next(struct merge *m, bool *in_repos)
{
	const char *r = m->r < m->repos->count ? m->repos->names[m->r] : NULL;
	const char *q = m->q < m->quota->count ? m->quota->names[m->q] : NULL;
	int order = !r ? 1 : !q ? -1 : strcmp(r, q);

	m->r += r && order <= 0;
	m->q += q && order >= 0;
	*in_repos = r && order <= 0;
	return *in_repos ? r : q;
}

/* Whether a namespace without repositories has limits: 1, 0, or -1. */
static int has_limits(struct store *s, const struct repo_name *ns, struct err *err)
{
	struct path path = path_account_file(ns, "limits");
	struct stat st;

	if (io_stat(s->root, path.text, &st) == 0)
		return 1;
	return errno == ENOENT || errno == ENOTDIR
		       ? 0
		       : err_io(err, "cannot look at %s", path.text);
}

static int each_namespace(struct store *s, struct merge *m,
	int (*each)(void *arg, const struct repo_name *ns, struct err *err), void *arg,
	struct err *err)
{
	struct repo_name ns;
	const char *name;
	bool in_repos;
	int rc = 0;

	while (rc == 0 && (name = merge_next(m, &in_repos))) {
		if (!repo_name_is_component(view_of(name)) ||
			repo_name_parse(view_of(name), &ns) < 0)
			continue;
		if (!in_repos)
			rc = has_limits(s, &ns, err);
		if (rc < 0 || (rc == 0 && !in_repos))
			continue;
		rc = each(arg, &ns, err);
	}
	return rc;
}

int account_list(struct store *s, const char *after,
	int (*each)(void *arg, const struct repo_name *ns, struct err *err), void *arg,
	struct err *err)
{
	const struct path repos = {PATH_REPOS}, quota = {PATH_QUOTA};
	struct merge m = {NULL, NULL, 0, 0};
	int rc = listing_get(s, &repos, &m.repos, err);

	if (rc == 0)
		rc = listing_get(s, &quota, &m.quota, err);
	if (rc == 0) {
		m.r = listing_after(m.repos, after);
		m.q = listing_after(m.quota, after);
		rc = each_namespace(s, &m, each, arg, err);
	}
	listing_release(m.repos);
	listing_release(m.quota);
	return rc;
}
