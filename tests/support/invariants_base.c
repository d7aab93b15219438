#include "support/invariants_base.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void check_violation(struct check *c, const char *fmt, ...)
{
	va_list ap;

	c->violations++;
	fputs("invariant: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

void check_join(char out[PATH_SIZE], const char *dir, const char *name)
{
	if (snprintf(out, PATH_SIZE, "%s/%s", dir, name) >= PATH_SIZE) {
		fprintf(stderr, "invariants: path too long: %s\n", dir);
		abort();
	}
}

bool check_exists(const char *dir, const char *name)
{
	char path[PATH_SIZE];
	struct stat st;

	check_join(path, dir, name);
	return lstat(path, &st) == 0;
}

void check_each(struct check *c, const char *dir, void *arg,
	void (*each)(struct check *c, const char *path, const char *name, void *arg))
{
	DIR *d = opendir(dir);
	struct dirent *e;
	char path[PATH_SIZE];

	if (!d) {
		if (errno != ENOENT)
			check_violation(c, "%s cannot be listed: %s", dir,
				strerror(errno));
		return;
	}
	while ((e = readdir(d))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		check_join(path, dir, e->d_name);
		each(c, path, e->d_name, arg);
	}
	closedir(d);
}

bool check_is_hex(const char *name, size_t len)
{
	return strlen(name) == len && strspn(name, "0123456789abcdef") == len;
}

size_t check_hex_length(const char *algorithm)
{
	return strcmp(algorithm, "sha512") == 0 ? 128 : 64;
}

static const EVP_MD *md_of(const char *algorithm)
{
	return strcmp(algorithm, "sha512") == 0 ? EVP_sha512() : EVP_sha256();
}

char *check_slurp(const char *path, size_t *len)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char *bytes = NULL;
	struct stat st;

	*len = 0;
	if (fd == -1)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		bytes = calloc(1, (size_t)st.st_size + 1);
	while (bytes && *len < (size_t)st.st_size) {
		ssize_t n = read(fd, bytes + *len, (size_t)st.st_size - *len);

		if (n <= 0)
			break;
		*len += (size_t)n;
	}
	close(fd);
	return bytes;
}

void check_hash(struct check *c, const char *path, const char *algorithm,
	const char *name, const char *bytes, size_t len)
{
	unsigned char md[EVP_MAX_MD_SIZE];
	char hex[2 * EVP_MAX_MD_SIZE + 1] = "";
	unsigned n = 0;

	if (!check_is_hex(name, check_hex_length(algorithm))) {
		check_violation(c, "%s is not named by a digest", path);
		return;
	}
	EVP_Digest(bytes, len, md, &n, md_of(algorithm), NULL);
	for (unsigned i = 0; i < n; i++)
		snprintf(hex + 2 * i, 3, "%02x", md[i]);
	if (strcmp(hex, name) != 0)
		check_violation(c, "%s does not hash to its name", path);
}
