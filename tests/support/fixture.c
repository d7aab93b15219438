#include "support/fixture.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void give_up(const char *what, const char *why)
{
	fprintf(stderr, "fixture: %s: %s\n", what, why);
	abort();
}

static void open_store(struct fixture *f)
{
	struct err err = ERR_INIT;

	f->store = STORE_INIT;
	if (store_open(&f->store, &f->config, &err) != 0)
		give_up("store_open", err.text);
}

void fixture_thin(const struct fixture *f)
{
	static const char *const algorithms[] = {"sha256", "sha512"};
	char path[128];

	for (size_t a = 0; a < 2; a++)
		for (unsigned i = 0; i < 256; i++) {
			snprintf(path, sizeof(path), "%s/blobs/%s/%02x", f->dir,
				algorithms[a], i);
			rmdir(path);
		}
}

void fixture_open(struct fixture *f)
{
	struct err err = ERR_INIT;
	const char *tmp = getenv("TMPDIR");

	snprintf(f->dir, sizeof(f->dir), "%.40s/lighter-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(f->dir))
		give_up("mkdtemp", f->dir);
	if (config_init(&f->config, &err) != 0)
		give_up("config_init", err.text);
	if (config_set(&f->config, VIEW_LIT("root"), view_of(f->dir), "fixture", &err) != 0)
		give_up("config_set", err.text);
	open_store(f);
}

void fixture_reopen(struct fixture *f)
{
	store_close(&f->store);
	open_store(f);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

void fixture_close(struct fixture *f)
{
	store_close(&f->store);
	config_release(&f->config);
	fixture_thin(f);
	if (nftw(f->dir, remove_one, 32, FTW_DEPTH | FTW_PHYS) != 0)
		give_up("nftw", f->dir);
}
