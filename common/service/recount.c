#include "service/recount.h"

#include "service/usage.h"
#include "store/account_recount.h"

struct recount {
	struct store *store;
	const struct recount_options *options;
	const struct job *job;
	struct recount_result *result;
};

static void tell_problem(
	const struct recount *r, const struct repo_name *ns, struct err *why)
{
	const struct job_field fields[] = {
		JOB_TEXT("namespace", ns->text),
		JOB_TEXT("problem", why->text),
		JOB_END,
	};

	r->result->problems++;
	job_item(r->job, "problem", fields);
	err_release(why);
}

static void tell_counted(const struct recount *r, const struct repo_name *ns,
	const struct account *found, bool differs)
{
	struct buf json = BUF_INIT(USAGE_JSON_MAX);
	bool repaired = differs && r->options->repair;

	r->result->namespaces++;
	r->result->differing += differs;
	r->result->repaired += repaired;
	usage_add_account(ns, found, &json);
	buf_addf(&json, ",\"agrees\":%s,\"repaired\":%s}", differs ? "false" : "true",
		repaired ? "true" : "false");
	if (r->job && r->job->item && !buf_failed(&json))
		r->job->item(r->job->arg, "namespace", buf_str(&json));
	buf_release(&json);
}

/* 1 when the job is cancelled. */
static int count(void *arg, const struct repo_name *ns, struct err *err)
{
	struct recount *r = arg;
	struct account found;
	struct err why = ERR_INIT;
	bool differs = false;

	(void)err;
	if (job_cancelled(r->job))
		return 1;
	if (account_recount(
		    r->store, ns, r->options->repair, &found, &differs, &why) != 0)
		tell_problem(r, ns, &why);
	else
		tell_counted(r, ns, &found, differs);
	job_progress(r->job, "namespaces", r->result->namespaces + r->result->problems,
		r->options->ns ? 1 : 0);
	return 0;
}

int recount_run(struct store *s, const struct recount_options *options,
	const struct job *job, struct recount_result *result, struct err *err)
{
	struct recount r = {s, options, job, result};
	int rc;

	*result = (struct recount_result){0};
	if (!options->ns) {
		rc = account_list(s, "", count, &r, err);
	} else {
		if (usage_find(s, options->ns, err) != 0)
			return -1;
		rc = count(&r, options->ns, err);
	}
	result->cancelled = rc == 1;
	return rc < 0 ? -1 : 0;
}
