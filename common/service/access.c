#include "service/access.h"

#include "base/log.h"
#include "format/access_rules.h"
#include "format/model_name.h"
#include "service/watched.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define OWNER (ACTION_PULL | ACTION_PUSH | ACTION_DELETE)

struct access {
	struct watched rules_file, groups_file;
	struct buf rules_text, groups_text; /* as read last, good or not */
	bool fresh;                         /* they were not parsed since */
	char *open;
	struct access_rules rules; /* of the last good texts */
};

static int parse(const struct access *a, struct access_rules *out, struct err *err)
{
	const struct access_source rules = {buf_view(&a->rules_text),
	        a->rules_file.path ? a->rules_file.path : "access"};
	const struct access_source groups = {buf_view(&a->groups_text),
	        a->groups_file.path ? a->groups_file.path : "groups"};
	const struct access_source open = {view_of(a->open), "public"};

	return access_rules_parse(&rules, &groups, &open, out, err);
}

static int read_files(struct access *a, int64_t now, struct err *err)
{
	int rules = watched_read(&a->rules_file, now, &a->rules_text, err);
	int groups = watched_read(&a->groups_file, now, &a->groups_text, err);

	if (rules == 1 || groups == 1)
		a->fresh = true;
	return rules < 0 || groups < 0 ? -1 : 0;
}

int access_open(struct access **out, const struct access_settings *settings, int64_t now,
        struct err *err)
{
	struct access *a = calloc(1, sizeof(*a));

	*out = NULL;
	if (!a)
		return err_set(err, ERR_FAULT, "no memory");
	a->rules_file = a->groups_file = WATCHED_INIT;
	a->rules_text = BUF_INIT(ACCESS_FILE_MAX + 1);
	a->groups_text = BUF_INIT(ACCESS_FILE_MAX + 1);
	a->open = strdup(settings->open);
	if (!a->open) {
		err_set(err, ERR_FAULT, "no memory");
		goto fail;
	}
	if (watched_open(&a->rules_file, AT_FDCWD, settings->rules, err) != 0 ||
	        watched_open(&a->groups_file, AT_FDCWD, settings->groups, err) != 0)
		goto fail;
	if (read_files(a, now, err) != 0 || parse(a, &a->rules, err) != 0)
		goto fail;
	a->fresh = false;
	*out = a;
	return 0;
fail:
	access_close(&a);
	return -1;
}

void access_close(struct access **a)
{
	if (!*a)
		return;
	watched_close(&(*a)->rules_file);
	watched_close(&(*a)->groups_file);
	buf_release(&(*a)->rules_text);
	buf_release(&(*a)->groups_text);
	access_rules_release(&(*a)->rules);
	free((*a)->open);
	free(*a);
	*a = NULL;
}

void access_refresh(struct access *a, int64_t now)
{
	struct access_rules fresh;
	struct err err = ERR_INIT;
	bool good = read_files(a, now, &err) == 0;

	if (good && a->fresh) {
		a->fresh = false;
		good = parse(a, &fresh, &err) == 0;
		if (good) {
			access_rules_release(&a->rules);
			a->rules = fresh;
		}
	}
	if (!good)
		log_event(LOG_LEVEL_ERROR, "access-file",
		        "%s; the rules before stay in force", err.text);
	err_release(&err);
}

static bool begins_with(const struct repo_name *repo, const char *space)
{
	size_t n = strlen(space);

	return n > 0 && strncmp(repo->text, space, n) == 0 && repo->text[n] == '/';
}

/* The namespace of a user with capitals in the name is there as models have it. */
static bool owns(const struct user_name *user, const struct repo_name *repo)
{
	struct repo_name stored;

	return begins_with(repo, user->text) ||
	       (model_repo_parse(view_of(user->text), true, &stored) == 0 &&
	               begins_with(repo, stored.text));
}

/* What the rules give a user, or nobody. */
static unsigned rights_of(const struct access *a, const struct user_name *user,
        const struct repo_name *repo)
{
	unsigned rights = access_rules_actions(&a->rules, user, view_of(repo->text));

	return owns(user, repo) ? rights | OWNER : rights;
}

unsigned access_actions(
        const struct access *a, const struct identity *who, const struct repo_name *repo)
{
	unsigned granted;

	if (who->kind != IDENTITY_TOKEN)
		return rights_of(a, &who->user, repo);
	granted = scope_list_actions(&who->grants, SCOPE_REPOSITORY, repo->text);
	if (!who->outside)
		granted &= rights_of(a, &who->user, repo);
	return granted | rights_of(a, &USER_NOBODY, repo);
}

bool access_allows(const struct access *a, const struct identity *who,
        const struct repo_name *repo, unsigned action)
{
	return (access_actions(a, who, repo) & action) == action;
}

static bool has_registry_scope(const struct identity *who, const char *name)
{
	return scope_list_actions(&who->grants, SCOPE_REGISTRY, name) == ACTION_ALL;
}

bool access_lists(
        const struct access *a, const struct identity *who, const struct repo_name *repo)
{
	if (access_allows(a, who, repo, ACTION_PULL))
		return true;
	if (who->kind != IDENTITY_TOKEN || !has_registry_scope(who, SCOPE_CATALOG))
		return false;
	return who->outside || (rights_of(a, &who->user, repo) & ACTION_PULL);
}

bool access_any(const struct access *a)
{
	unsigned open = access_rules_actions(&a->rules, &USER_NOBODY, view_of(""));

	return (open & OWNER) != OWNER;
}

bool access_anonymous(const struct access *a)
{
	return access_rules_open(&a->rules);
}

static enum access_answer challenge(struct err *err, const char *why)
{
	err_set(err, ERR_UNAUTHORIZED, "%s", why);
	return ACCESS_CHALLENGE;
}

/* The word for a message. */
static const char *action_word(unsigned action)
{
	switch (action) {
	case ACTION_PULL:
		return "pull from";
	case ACTION_PUSH:
		return "push to";
	case ACTION_DELETE:
		return "delete from";
	default:
		return "administer";
	}
}

enum access_answer access_decide(const struct access *a, const struct identity *who,
        const struct repo_name *repo, unsigned action, struct err *err)
{
	if (access_allows(a, who, repo, action))
		return ACCESS_ALLOWED;
	if (!who->user.text[0] && !who->outside)
		return challenge(err, "this needs a login");
	if (who->outside)
		return challenge(err, "the token does not allow this");
	if (who->kind == IDENTITY_TOKEN &&
	        (rights_of(a, &who->user, repo) & action) == action)
		return challenge(err, "the token was not made for this");
	err_set(err, ERR_DENIED, "%s may not %s %s, or there is no such repository",
	        who->user.text, action_word(action), repo->text);
	return ACCESS_FORBIDDEN;
}

enum access_answer access_decide_login(
        const struct access *a, const struct identity *who, struct err *err)
{
	if (who->kind != IDENTITY_ANONYMOUS || !access_any(a))
		return ACCESS_ALLOWED;
	return challenge(err, "this needs a login");
}

enum access_answer access_decide_list(
        const struct access *a, const struct identity *who, struct err *err)
{
	if (who->kind == IDENTITY_TOKEN && access_any(a) &&
	        !has_registry_scope(who, SCOPE_CATALOG))
		return challenge(err, "the token was not made for the catalog");
	return access_decide_login(a, who, err);
}

/* Whether a user administers the registry as a whole. */
static bool is_admin(const struct access *a, const struct user_name *user)
{
	return access_rules_actions(&a->rules, user, view_of("")) & ACTION_ADMIN;
}

enum access_answer access_decide_admin(
        const struct access *a, const struct identity *who, struct err *err)
{
	bool scoped = who->kind != IDENTITY_TOKEN || has_registry_scope(who, SCOPE_ADMIN);
	bool admin = who->outside ? scoped : is_admin(a, &who->user);

	if (admin && scoped)
		return ACCESS_ALLOWED;
	if (admin || who->outside)
		return challenge(err, "the token was not made for administration");
	if (!who->user.text[0])
		return challenge(err, "this needs a login");
	err_set(err, ERR_DENIED, "%s may not administer this registry", who->user.text);
	return ACCESS_FORBIDDEN;
}

static bool has_usage_scope(const struct identity *who)
{
	return who->kind != IDENTITY_TOKEN || has_registry_scope(who, SCOPE_USAGE) ||
	       has_registry_scope(who, SCOPE_ADMIN);
}

bool access_sees_usage(
        const struct access *a, const struct identity *who, const struct repo_name *ns)
{
	bool admin = who->outside ? has_registry_scope(who, SCOPE_ADMIN)
	                          : is_admin(a, &who->user);

	if (!has_usage_scope(who))
		return false;
	return admin || (who->user.text[0] && strcmp(who->user.text, ns->text) == 0);
}

enum access_answer access_decide_usage(const struct access *a, const struct identity *who,
        const struct repo_name *ns, struct err *err)
{
	if (!who->user.text[0] && !who->outside)
		return challenge(err, "this needs a login");
	if (!has_usage_scope(who))
		return challenge(err, "the token was not made for this");
	if (!ns->text[0] || access_sees_usage(a, who, ns))
		return ACCESS_ALLOWED;
	if (who->outside)
		return challenge(err, "the token does not allow this");
	err_set(err, ERR_DENIED,
	        "%s may not see the account of %s, or there is no such namespace",
	        who->user.text, ns->text);
	return ACCESS_FORBIDDEN;
}

static unsigned grantable(
        const struct access *a, const struct identity *who, const struct scope *s)
{
	if (s->type == SCOPE_REPOSITORY)
		return s->actions & rights_of(a, &who->user, &s->name);
	/*
	 * The catalog shows what may be pulled, and so nothing to who may pull nothing.
	 */
	if (strcmp(s->name.text, SCOPE_CATALOG) == 0)
		return s->actions;
	if (strcmp(s->name.text, SCOPE_USAGE) == 0 && who->user.text[0])
		return s->actions;
	if (strcmp(s->name.text, SCOPE_ADMIN) == 0 && is_admin(a, &who->user))
		return s->actions;
	return 0;
}

void access_grant(const struct access *a, const struct identity *who,
        const struct scope_list *asked, struct scope_list *granted)
{
	struct scope s;
	size_t i;

	granted->n = 0;
	for (i = 0; i < asked->n; i++) {
		s = asked->items[i];
		s.actions = grantable(a, who, &s);
		if (s.actions != 0)
			scope_list_add(granted, &s);
	}
}
