/* Scrubs of files that have as many names as a file can have. */
#include "base/log.h"
#include "store/path.h"
#include "support/damage.h"
#include "support/invariants.h"
#include "support/values.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

static nlink_t most_links;

/* Takes the place of the library's. */
int linkat(int from_dir, const char *from, int to_dir, const char *to, int flags)
{
	struct stat st;

	if (most_links && fstatat(from_dir, from, &st, 0) == 0 &&
		st.st_nlink >= most_links) {
		errno = EMLINK;
		return -1;
	}
	return (int)syscall(SYS_linkat, from_dir, from, to_dir, to, flags);
}

struct scene {
	struct fixture f;
	struct states s;
	struct scrub_result r;
	char text[DAMAGE_TEXT];
};

/* The entry of b has three names, its own among them, unless a/b has a copy. */
static void open_scene(struct scene *w, bool copy)
{
	fixture_open(&w->f);
	w->s = (struct states){.f = &w->f, .repo = "a/b"};
	states_make(&w->s, "blob b");
	damage_share(&w->s, "b", "c/d");
	if (copy) {
		damage_copy(&w->s, "b");
		damage_share(&w->s, "b", "e/f");
	}
	damage_keep_account(&w->s);
}

static void close_scene(struct scene *w)
{
	assert_int_equal(invariants_check(w->f.dir), 0);
	fixture_close(&w->f);
}

static const char *scrub(struct scene *w, nlink_t most)
{
	struct scrub_options repair = {.repair = true};

	most_links = most;
	damage_scrub(&w->s, &repair, &w->r, w->text);
	most_links = 0;
	return w->text;
}

static nlink_t entry_links(struct scene *w)
{
	struct stat st;
	char at[1024];

	snprintf(at, sizeof(at), "%s/%s", w->f.dir,
		path_blob(&states_find(&w->s, "b")->digest).text);
	assert_int_equal(stat(at, &st), 0);
	return st.st_nlink;
}

static void a_bad_link_is_replaced_by_a_copy(void **state)
{
	struct scene w;

	(void)state;
	open_scene(&w, true);
	damage_flip_own(&w.s, "b");
	assert_string_equal(scrub(&w, 3), "blob b+");
	assert_int_equal(entry_links(&w), 3);
	/* When there is room again, it is a link again. */
	assert_string_equal(scrub(&w, 3), "copy b");
	assert_string_equal(scrub(&w, 4), "copy b+");
	assert_int_equal(entry_links(&w), 4);
	close_scene(&w);
}

static void a_missing_entry_becomes_a_copy(void **state)
{
	struct scene w;

	(void)state;
	open_scene(&w, false);
	damage_remove_entry(&w.s, "b");
	assert_string_equal(scrub(&w, 2), "entry b+");
	assert_int_equal(entry_links(&w), 1);
	/* Two repositories share a file that is not the entry: that is in order. */
	assert_string_equal(scrub(&w, 2), "");
	close_scene(&w);
}

static void one_name_of_a_corrupt_blob_is_kept(void **state)
{
	struct scene w;

	(void)state;
	open_scene(&w, false);
	damage_flip_entry(&w.s, "b");
	assert_string_equal(scrub(&w, 3), "blob b");
	assert_int_equal(w.r.quarantined, 3);
	assert_int_equal(names_in(&w.f, "quarantine"), 1);
	assert_string_equal(scrub(&w, 3), "");
	close_scene(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bad_link_is_replaced_by_a_copy),
		cmocka_unit_test(a_missing_entry_becomes_a_copy),
		cmocka_unit_test(one_name_of_a_corrupt_blob_is_kept),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
