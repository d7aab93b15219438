#include "support/invariants_account.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct sums {
	uint64_t blobs, manifests, bytes;
	bool of_manifests; /* of the directory being read */
};

static void add_entry(struct check *c, const char *path, const char *name, void *arg)
{
	struct sums *sums = arg;
	struct stat st;
	size_t len;
	char *bytes, *end;

	(void)c;
	(void)name;
	if (!sums->of_manifests && lstat(path, &st) == 0) {
		sums->blobs++;
		sums->bytes += (uint64_t)st.st_size;
	}
	if (!sums->of_manifests)
		return;
	bytes = check_slurp(path, &len);
	end = bytes ? memchr(bytes, '\n', len) : NULL;
	sums->manifests++;
	sums->bytes += end ? len - (size_t)(end + 1 - bytes) : 0;
	free(bytes);
}

static void add_algorithm(struct check *c, const char *path, const char *name, void *arg)
{
	(void)name;
	check_each(c, path, arg, add_entry);
}

/* An entry of a directory of repositories: what is held, or one more repository. */
static void add_repo(struct check *c, const char *path, const char *name, void *arg)
{
	struct sums *sums = arg;

	if (strcmp(name, "@blobs") == 0 || strcmp(name, "@manifests") == 0) {
		sums->of_manifests = strcmp(name, "@manifests") == 0;
		check_each(c, path, sums, add_algorithm);
	} else if (name[0] != '@') {
		check_each(c, path, sums, add_repo);
	}
}

/* Adds the entry that a record leaves out, if it is there. */
static void add_excepted(struct check *c, const char *root, const char *record,
	struct sums *sums)
{
	char kind[16], repo[512], algorithm[16], hex[160], path[2048];

	if (sscanf(record, "%15s %511s %15[a-z0-9]:%159s", kind, repo, algorithm, hex) != 4)
		return;
	sums->of_manifests = strcmp(kind, "manifest") == 0;
	snprintf(path, sizeof(path), "%s/repos/%s/@%ss/%s/%s", root, repo, kind, algorithm,
		hex);
	if (access(path, F_OK) == 0)
		add_entry(c, path, hex, sums);
}

/* False when there is no record that means anything. */
static bool read_record(struct check *c, const char *root, const char *ns,
	struct sums *sums)
{
	char path[PATH_SIZE], text[1024] = "";
	unsigned long long blobs, manifests, bytes;
	int end = 0;

	snprintf(path, sizeof(path), "%s/quota/%s/account", root, ns);
	if (readlink(path, text, sizeof(text) - 1) < 0)
		return false;
	if (sscanf(text, "lighter-account 1 epoch %*u blobs %llu manifests %llu bytes %llu %n",
		    &blobs, &manifests, &bytes, &end) != 3) {
		check_violation(c, "%s is no account: %s", path, text);
		return false;
	}
	*sums = (struct sums){blobs, manifests, bytes, false};
	if (strncmp(text + end, "except ", 7) == 0)
		add_excepted(c, root, text + end + 7, sums);
	return true;
}

static void check_account(struct check *c, const char *path, const char *ns, void *arg)
{
	struct sums held = {0, 0, 0, false}, said;
	char repos[PATH_SIZE];

	(void)path;
	if (!read_record(c, arg, ns, &said))
		return;
	snprintf(repos, sizeof(repos), "%s/repos/%s", (const char *)arg, ns);
	check_each(c, repos, &held, add_repo);
	if (said.blobs != held.blobs || said.manifests != held.manifests ||
		said.bytes != held.bytes)
		check_violation(c,
			"the account of %s says %llu blobs, %llu manifests, %llu bytes; "
			"there are %llu, %llu, %llu",
			ns, (unsigned long long)said.blobs,
			(unsigned long long)said.manifests, (unsigned long long)said.bytes,
			(unsigned long long)held.blobs, (unsigned long long)held.manifests,
			(unsigned long long)held.bytes);
}

void check_accounts(struct check *c, const char *root)
{
	char dir[PATH_SIZE];

	check_join(dir, root, "quota");
	check_each(c, dir, (void *)root, check_account);
}
