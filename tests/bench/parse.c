/*
 * parse: reads the manifests whose paths stand on standard input and parses each with json-c,
 * the least that whoever wants to know what they refer to has to do. Prints their number.
 */
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MANIFEST_MAX ((size_t)4 << 20)

static char bytes[MANIFEST_MAX];

/* The document begins after the line of the media type. */
static int parse(struct json_tokener *tokener, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, bytes, sizeof(bytes));
	char *text = n > 0 ? memchr(bytes, '\n', (size_t)n) : NULL;
	struct json_object *doc = NULL;

	if (text) {
		json_tokener_reset(tokener);
		doc = json_tokener_parse_ex(tokener, text + 1, (int)(bytes + n - text - 1));
	}
	if (fd >= 0)
		close(fd);
	json_object_put(doc);
	return doc ? 0 : -1;
}

int main(void)
{
	struct json_tokener *tokener = json_tokener_new();
	unsigned long n = 0;
	char path[4096];

	if (!tokener)
		return 1;
	while (fgets(path, sizeof(path), stdin)) {
		path[strcspn(path, "\n")] = '\0';
		if (parse(tokener, path)) {
			fprintf(stderr, "parse: cannot parse %s\n", path);
			return 1;
		}
		n++;
	}
	json_tokener_free(tokener);
	printf("%lu\n", n);
	return 0;
}
