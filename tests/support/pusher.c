#include "support/pusher.h"

#include "base/io.h"
#include "format/media.h"
#include "store/blobs.h"
#include "store/manifests.h"
#include "support/documents.h"
#include "support/values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define CONFIG "{}"

static int push_blob(struct store *s, const struct repo_name *r, const struct digest *d,
	struct err *err)
{
	struct staged f = STAGED_INIT;
	int rc = staged_open(s, &f, err);

	if (rc == 0 && io_write_all(f.fd, CONFIG, 2) < 0)
		rc = err_io(err, "cannot write");
	if (rc == 0)
		rc = staged_finish(s, &f, err);
	if (rc == 0)
		rc = blobs_publish(s, r, d, 2, &f.path, err);
	staged_discard(s, &f);
	return rc;
}

static int push_manifest(struct store *s, const struct repo_name *r,
	const struct digest *config, unsigned number, struct err *err)
{
	struct manifest doc = MANIFEST_INIT;
	struct manifest_push p = {.repo = r, .doc = &doc, .ntags = 1};
	char text[512], descriptor[DESCRIPTOR_SIZE], name[8];
	struct tag t;
	int rc;

	snprintf(name, sizeof(name), "t%u", number % 10);
	t = as_tag(name);
	document_descriptor(descriptor, "application/vnd.oci.image.config.v1+json", config, 2);
	snprintf(text, sizeof(text),
		"{\"schemaVersion\":2,\"annotations\":{\"n\":\"%u\"},\"config\":%s,"
		"\"layers\":[]}",
		number, descriptor);
	p.tags = &t;
	p.bytes = view_of(text);
	p.digest = as_digest(DIGEST_SHA256, text);
	rc = manifest_parse(p.bytes, MEDIA_OCI_MANIFEST, &doc, err);
	if (rc == 0)
		rc = manifests_put(s, &p, err);
	manifest_release(&doc);
	return rc;
}

static bool push(struct store *s, const char *repo, unsigned number)
{
	struct repo_name r = as_repo(repo);
	struct digest config = as_digest(DIGEST_SHA256, CONFIG);
	struct err err = ERR_INIT;
	bool good = push_blob(s, &r, &config, &err) == 0 &&
		    push_manifest(s, &r, &config, number, &err) == 0;

	if (err.code == ERR_MANIFEST_BLOB_UNKNOWN || err.code == ERR_BUSY)
		good = true;
	if (!good)
		fprintf(stderr, "pusher: %s\n", err.text);
	err_release(&err);
	return good;
}

pid_t pusher_start(struct fixture *f, const char *repo, unsigned from, unsigned count)
{
	pid_t pusher = fork();
	unsigned good = 0;

	assert_int_not_equal(pusher, -1);
	if (pusher > 0)
		return pusher;
	for (unsigned i = 0; i < count; i++)
		good += push(&f->store, repo, from + i);
	_exit(good == count ? 0 : 1);
}

bool pusher_runs(pid_t pusher)
{
	int status = 0;

	if (waitpid(pusher, &status, WNOHANG) == 0)
		return true;
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	return false;
}
