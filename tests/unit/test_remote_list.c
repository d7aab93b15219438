/* The file of other registries, and our key. */
#include "service/remote_list.h"

#include "base/io.h"
#include "service/remote_key.h"
#include "support/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct scratch dir;

static bool allows(const struct remote_list *l, const char *host)
{
	return remotes_find(&l->rules, view_of(host), 0) != NULL;
}

static void the_file_of_the_store_need_not_be_there(void **state)
{
	struct remote_list l;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(remote_list_open(&l, dir.fd, "", &err), 0);
	assert_false(allows(&l, "a.example"));
	remote_list_close(&l);
	assert_int_equal(io_mkdir(dir.fd, "auth", 0700), 0);
	scratch_write(&dir, "auth/remotes", "a.example\n");
	assert_int_equal(remote_list_open(&l, dir.fd, "", &err), 0);
	assert_true(allows(&l, "a.example"));
	assert_false(allows(&l, "b.example"));
	remote_list_close(&l);
	scratch_write(&dir, "auth/remotes", "b.example wrong\n");
	assert_int_equal(remote_list_open(&l, dir.fd, "", &err), -1);
	assert_int_equal(err.code, ERR_FAULT);
	assert_non_null(strstr(err.text, "auth/remotes:1: "));
	remote_list_close(&l);
	err_release(&err);
}

static void a_file_that_is_named_must_be_good(void **state)
{
	struct remote_list l;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(remote_list_open(&l, dir.fd, scratch_path(&dir, "none"), &err),
	        -1);
	assert_int_equal(err.code, ERR_FAULT);
	remote_list_close(&l);
	err_release(&err);
	scratch_write(&dir, "some", "a.example\nA.example\n");
	assert_int_equal(remote_list_open(&l, dir.fd, scratch_path(&dir, "some"), &err),
	        -1);
	assert_non_null(strstr(err.text, "/some:2: "));
	remote_list_close(&l);
	err_release(&err);
	scratch_write(&dir, "some", "a.example\n");
	assert_int_equal(
	        remote_list_open(&l, dir.fd, scratch_path(&dir, "some"), &err), 0);
	assert_true(allows(&l, "a.example"));
	remote_list_close(&l);
}

static void the_key_is_made_once(void **state)
{
	struct remote_list l, other;
	struct ssh_private first;
	struct err err = ERR_INIT;
	const struct ssh_private *key;
	struct stat st;

	(void)state;
	assert_int_equal(remote_list_open(&l, dir.fd, "", &err), 0);
	assert_int_equal(io_stat(dir.fd, "keys/id_ed25519", &st), -1);
	key = remote_list_key(&l, &err);
	assert_non_null(key);
	first = *key;
	assert_int_equal(io_stat(dir.fd, "keys/id_ed25519", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(io_stat(dir.fd, "keys/id_ed25519.pub", &st), 0);
	assert_int_equal(remote_list_open(&other, dir.fd, "", &err), 0);
	key = remote_list_key(&other, &err);
	assert_non_null(key);
	assert_memory_equal(&first, key, sizeof(first));
	remote_list_close(&l);
	remote_list_close(&other);
}

static void a_key_that_is_no_secret_is_refused(void **state)
{
	struct ssh_private key;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(remote_key_load(dir.fd, &key, &err), 0);
	assert_int_equal(chmod(scratch_path(&dir, "keys/id_ed25519"), 0640), 0);
	assert_int_equal(remote_key_load(dir.fd, &key, &err), -1);
	assert_non_null(strstr(err.text, "others may read it"));
	err_release(&err);
	scratch_write(&dir, "keys/id_ed25519", "nonsense");
	assert_int_equal(chmod(scratch_path(&dir, "keys/id_ed25519"), 0600), 0);
	assert_int_equal(remote_key_load(dir.fd, &key, &err), -1);
	assert_non_null(strstr(err.text, "no private key"));
	err_release(&err);
}

static int start(void **state)
{
	(void)state;
	scratch_open(&dir);
	return 0;
}

static int end(void **state)
{
	(void)state;
	scratch_close(&dir);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(
	                the_file_of_the_store_need_not_be_there, start, end),
	        cmocka_unit_test_setup_teardown(
	                a_file_that_is_named_must_be_good, start, end),
	        cmocka_unit_test_setup_teardown(the_key_is_made_once, start, end),
	        cmocka_unit_test_setup_teardown(
	                a_key_that_is_no_secret_is_refused, start, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
