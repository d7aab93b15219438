/*
 * pusher: pushes blobs and images to a registry and times it. Contents are random, never
 * repeated, and hashed before the clock starts. Small things are pushed by several threads, each
 * with a keep-alive connection and a repository of its own; a big blob is sent from memory with
 * sendfile(2), so that the sender copies nothing. Prints one JSON object.
 */
#include "http.h"

#include <getopt.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#define HEX 64
#define BLOCK (1 << 20)
#define CONFIG_SIZE 1024
#define LAYERS 2

struct client {
	struct address to;       /* its path is /v2/<repository> */
	int fd;
	struct reply_state reply;
	char in[HTTP_HEAD_MAX];
};

struct job {
	const char *mode;
	struct address to;
	unsigned threads;
	double seconds;
	uint64_t size;           /* of a blob, of a layer */
	uint64_t chunk;          /* of a chunked body */
	uint64_t seed;           /* no two runs push the same bytes */
	unsigned parts;          /* blobs of an item: 1, or 1 + LAYERS for an image */
	uint32_t pool;           /* items that are prepared */
	char (*digests)[HEX + 1]; /* pool * parts of them */
	char *pattern;           /* BLOCK random bytes */
	double begun;
	atomic_uint next, done;
	_Atomic double last;
};

static void usage(FILE *to)
{
	fputs("usage: pusher MODE [options] http://host:port/v2/REPOSITORY\n"
	      "modes: blobs   small blobs: POST, PUT\n"
	      "       images  a config and two layers (HEAD, POST, PUT each), manifest by tag\n"
	      "       put     one big blob: POST, PUT with Content-Length\n"
	      "       patch   one big blob: POST, PATCH with chunked coding, PUT\n"
	      "  --threads N  clients of blobs and images (default 8)\n"
	      "  --seconds S  length of blobs and images (default 5)\n"
	      "  --size N     bytes of a blob or of a layer (default 4096)\n"
	      "  --chunk N    bytes of a chunk of patch (default 32768, what Go clients send)\n"
	      "  --pool N     most items that are pushed (default 8000 a second)\n",
		to);
}

static void job_options(struct job *j, int argc, char **argv)
{
	static const struct option options[] = {{"threads", 1, 0, 't'}, {"seconds", 1, 0, 's'},
		{"size", 1, 0, 'z'}, {"chunk", 1, 0, 'c'}, {"pool", 1, 0, 'p'}, {"help", 0, 0, 'h'},
		{0, 0, 0, 0}};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 't': j->threads = (unsigned)atoi(optarg); break;
		case 's': j->seconds = atof(optarg); break;
		case 'z': j->size = strtoull(optarg, NULL, 10); break;
		case 'c': j->chunk = strtoull(optarg, NULL, 10); break;
		case 'p': j->pool = (uint32_t)atoi(optarg); break;
		case 'h': usage(stdout); exit(0);
		default: usage(stderr); exit(2);
		}
	}
	if (optind != argc - 2 || j->threads == 0 || j->size < HEX || j->chunk == 0)
		usage(stderr), exit(2);
	j->mode = argv[optind];
	address_parse(argv[optind + 1], &j->to);
}

static void job_begin(struct job *j)
{
	size_t got;

	j->parts = strcmp(j->mode, "images") == 0 ? 1 + LAYERS : 1;
	if (j->pool == 0)
		j->pool = (uint32_t)(j->seconds * 8000);
	j->pattern = malloc(BLOCK);
	if (!j->pattern || getrandom(&j->seed, sizeof(j->seed), 0) < 0)
		die("no memory");
	for (got = 0; got < BLOCK; got += 256)
		if (getrandom(j->pattern + got, 256, 0) != 256)
			die("no random bytes");
}

static void hash_hex(const void *bytes, size_t len, char out[HEX + 1])
{
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned i, n;

	if (!EVP_Digest(bytes, len, md, &n, EVP_sha256(), NULL))
		die("cannot hash");
	for (i = 0; i < n; i++)
		snprintf(out + 2 * i, 3, "%02x", md[i]);
}

/* The content of one part: the pattern, and a stamp that is this item's alone. */
static size_t part_fill(const struct job *j, uint32_t item, unsigned part, char *bytes)
{
	size_t size = part == 0 && j->parts > 1 ? CONFIG_SIZE : (size_t)j->size, at;

	for (at = 0; at < size; at += BLOCK)
		memcpy(bytes + at, j->pattern, size - at < BLOCK ? size - at : BLOCK);
	snprintf(bytes, HEX, "%016llx %08x %u", (unsigned long long)j->seed, item, part);
	return size;
}

static void job_prepare(struct job *j)
{
	char *bytes = malloc(j->size + CONFIG_SIZE);
	uint32_t i;
	unsigned p;

	j->digests = calloc((size_t)j->pool * j->parts, sizeof(*j->digests));
	if (!bytes || !j->digests)
		die("no memory");
	for (i = 0; i < j->pool; i++)
		for (p = 0; p < j->parts; p++)
			hash_hex(bytes, part_fill(j, i, p, bytes), j->digests[i * j->parts + p]);
	free(bytes);
}

static void send_all(struct client *c, struct iovec *v, int n)
{
	while (n > 0) {
		ssize_t sent = writev(c->fd, v, n);

		if (sent < 0)
			die("cannot send: %s", strerror(errno));
		for (; n > 0 && (size_t)sent >= v->iov_len; v++, n--)
			sent -= (ssize_t)v->iov_len;
		if (n > 0) {
			v->iov_base = (char *)v->iov_base + sent;
			v->iov_len -= (size_t)sent;
		}
	}
}

/* Reads one reply to its end and gives its status. */
static int client_reply(struct client *c, bool is_head)
{
	size_t held = 0, head = 0;

	while (!head) {
		ssize_t n = recv(c->fd, c->in + held, sizeof(c->in) - 1 - held, 0);

		if (n <= 0)
			die("the server closed the connection");
		held += (size_t)n;
		c->in[held] = 0;
		head = reply_head(&c->reply, c->in, held, is_head);
	}
	reply_take(&c->reply, c->in + head, held - head);
	while (c->reply.framing != FRAME_NONE) {
		ssize_t n = recv(c->fd, c->in, sizeof(c->in) - 1, 0);

		if (n <= 0)
			die("the server closed the connection in the middle of a body");
		reply_take(&c->reply, c->in, (size_t)n);
	}
	if (c->reply.close) {
		close(c->fd);
		c->fd = address_connect(&c->to);
	}
	return c->reply.status;
}

static int client_call(struct client *c, const char *method, const char *path,
	const char *fields, const void *body, size_t len)
{
	char head[HTTP_HEAD_MAX];
	struct iovec v[2] = {{head, 0}, {(void *)(uintptr_t)body, len}};
	bool bodiless = !strcmp(method, "HEAD") || !strcmp(method, "GET");
	int n;

	n = snprintf(head, sizeof(head), "%s %s HTTP/1.1\r\nHost: %s:%s\r\n%s", method, path,
		c->to.host, c->to.port, fields);
	n += bodiless ? snprintf(head + n, 4, "\r\n")
		: snprintf(head + n, 64, "Content-Length: %zu\r\n\r\n", len);
	v[0].iov_len = (size_t)n;
	send_all(c, v, 2);
	return client_reply(c, !strcmp(method, "HEAD"));
}

static void expect(struct client *c, int want, const char *step)
{
	if (c->reply.status != want)
		die("%s: %d instead of %d", step, c->reply.status, want);
}

/* The path of a Location, with the digest added to its query if there is one. */
static void location_path(const struct client *c, const char *digest, char *out, size_t size)
{
	const char *at = strstr(c->reply.location, "://");

	at = at ? strchr(at + 3, '/') : c->reply.location;
	if (!at || *at != '/')
		die("no Location");
	if (digest)
		snprintf(out, size, "%s%cdigest=sha256:%s", at, strchr(at, '?') ? '&' : '?', digest);
	else
		snprintf(out, size, "%s", at);
}

#define OCTETS "Content-Type: application/octet-stream\r\n"

static void client_post(struct client *c)
{
	char path[sizeof(c->to.path) + 32];

	snprintf(path, sizeof(path), "%s/blobs/uploads/", c->to.path);
	client_call(c, "POST", path, "", NULL, 0);
	expect(c, 202, "POST");
}

static void push_blob(struct client *c, const char *digest, const void *bytes, size_t len, bool ask)
{
	char path[HTTP_HEAD_MAX / 2];

	if (ask) {
		snprintf(path, sizeof(path), "%s/blobs/sha256:%s", c->to.path, digest);
		client_call(c, "HEAD", path, "", NULL, 0);
		expect(c, 404, "HEAD of a blob that is not there");
	}
	client_post(c);
	location_path(c, digest, path, sizeof(path));
	client_call(c, "PUT", path, OCTETS, bytes, len);
	expect(c, 201, "PUT of a blob");
}

#define OCI "application/vnd.oci.image."

static void push_manifest(struct client *c, const struct job *j, uint32_t item)
{
	char text[2048], path[sizeof(c->to.path) + 64];
	char(*d)[HEX + 1] = &j->digests[item * j->parts];
	int n;
	unsigned i;

	n = snprintf(text, sizeof(text), "{\"schemaVersion\":2,\"mediaType\":\"" OCI "manifest.v1+json\","
		"\"config\":{\"mediaType\":\"" OCI "config.v1+json\",\"digest\":\"sha256:%s\","
		"\"size\":%d},\"layers\":[", d[0], CONFIG_SIZE);
	for (i = 1; i < j->parts; i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "%s{\"mediaType\":\"" OCI
			"layer.v1.tar+gzip\",\"digest\":\"sha256:%s\",\"size\":%llu}", i > 1 ? "," : "",
			d[i], (unsigned long long)j->size);
	n += snprintf(text + n, sizeof(text) - (size_t)n, "]}");
	snprintf(path, sizeof(path), "%s/manifests/v%08x", c->to.path, item);
	client_call(c, "PUT", path, "Content-Type: " OCI "manifest.v1+json\r\n", text, (size_t)n);
	expect(c, 201, "PUT of a manifest");
}

struct worker {
	struct job *job;
	unsigned number;
	pthread_t thread;
};

static void *worker_run(void *arg)
{
	struct worker *w = arg;
	struct job *j = w->job;
	struct client *c = calloc(1, sizeof(*c));
	char *bytes = malloc(j->size + CONFIG_SIZE);
	unsigned p;

	if (!c || !bytes)
		die("no memory");
	c->to = j->to;
	snprintf(c->to.path, sizeof(c->to.path), "%.*s-%u", (int)sizeof(c->to.path) - 16, j->to.path,
		w->number);
	c->fd = address_connect(&c->to);
	while (now() - j->begun < j->seconds) {
		uint32_t item = atomic_fetch_add(&j->next, 1);

		if (item >= j->pool)
			break;
		for (p = 0; p < j->parts; p++) {
			size_t len = part_fill(j, item, p, bytes);

			push_blob(c, j->digests[item * j->parts + p], bytes, len, j->parts > 1);
		}
		if (j->parts > 1)
			push_manifest(c, j, item);
		atomic_fetch_add(&j->done, 1);
		j->last = now();
	}
	close(c->fd);
	free(bytes);
	free(c);
	return NULL;
}

static void push_many(struct job *j)
{
	struct worker *workers = calloc(j->threads, sizeof(*workers));
	double spent;
	unsigned i;

	if (!workers)
		die("no memory");
	job_prepare(j);
	j->begun = now();
	for (i = 0; i < j->threads; i++) {
		workers[i] = (struct worker){.job = j, .number = i};
		if (pthread_create(&workers[i].thread, NULL, worker_run, &workers[i]))
			die("no thread");
	}
	for (i = 0; i < j->threads; i++)
		pthread_join(workers[i].thread, NULL);
	spent = j->last - j->begun;
	printf("{\"mode\":\"%s\",\"done\":%u,\"seconds\":%.4f,\"per_second\":%.2f}\n", j->mode, j->done,
		spent, j->done / spent);
	free(workers);
	free(j->digests);
}

/* Sends len bytes of the file from offset. */
static void send_file(struct client *c, int file, uint64_t offset, uint64_t len)
{
	off_t at = (off_t)offset;

	while ((uint64_t)at < offset + len) {
		ssize_t n = sendfile(c->fd, file, &at, offset + len - (uint64_t)at);

		if (n <= 0)
			die("cannot send a body: %s", strerror(errno));
	}
}

static void send_chunked(struct client *c, const struct job *j, int file)
{
	char line[32];
	uint64_t at;

	for (at = 0; at < j->size; at += j->chunk) {
		uint64_t n = j->size - at < j->chunk ? j->size - at : j->chunk;
		int len = snprintf(line, sizeof(line), "%s%llx\r\n", at ? "\r\n" : "",
			(unsigned long long)n);

		if (send(c->fd, line, (size_t)len, MSG_MORE | MSG_NOSIGNAL) != len)
			die("cannot send a chunk: %s", strerror(errno));
		send_file(c, file, at, n);
	}
	if (send(c->fd, "\r\n0\r\n\r\n", 7, MSG_NOSIGNAL) != 7)
		die("cannot send the last chunk: %s", strerror(errno));
}

/* The head of a request whose body follows by sendfile. */
static void send_head(struct client *c, const char *method, const char *path, const char *fields)
{
	char head[HTTP_HEAD_MAX];
	int n = snprintf(head, sizeof(head), "%s %s HTTP/1.1\r\nHost: %s:%s\r\n" OCTETS "%s\r\n\r\n",
		method, path, c->to.host, c->to.port, fields);

	if (send(c->fd, head, (size_t)n, MSG_MORE | MSG_NOSIGNAL) != n)
		die("cannot send a request: %s", strerror(errno));
}

static void push_in_one(struct client *c, const struct job *j, int file, const char *digest)
{
	char path[HTTP_HEAD_MAX / 2], length[64];

	location_path(c, digest, path, sizeof(path));
	snprintf(length, sizeof(length), "Content-Length: %llu", (unsigned long long)j->size);
	send_head(c, "PUT", path, length);
	send_file(c, file, 0, j->size);
	client_reply(c, false);
	expect(c, 201, "PUT of a blob");
}

static void push_in_chunks(struct client *c, const struct job *j, int file, const char *digest)
{
	char path[HTTP_HEAD_MAX / 2];

	location_path(c, NULL, path, sizeof(path));
	send_head(c, "PATCH", path, "Transfer-Encoding: chunked");
	send_chunked(c, j, file);
	client_reply(c, false);
	expect(c, 202, "PATCH");
	location_path(c, digest, path, sizeof(path));
	client_call(c, "PUT", path, OCTETS, NULL, 0);
	expect(c, 201, "PUT that ends an upload");
}

static int memory_file(const struct job *j, char digest[HEX + 1])
{
	int file = memfd_create("blob", MFD_CLOEXEC);
	char *map;
	uint64_t at;

	if (file < 0 || ftruncate(file, (off_t)j->size))
		die("no memory");
	map = mmap(NULL, j->size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (map == MAP_FAILED)
		die("no memory");
	part_fill(j, 0, 0, map);
	for (at = 0; at + HEX < j->size; at += BLOCK)
		snprintf(map + at, HEX, "%016llx %012llx", (unsigned long long)j->seed,
			(unsigned long long)at);
	hash_hex(map, j->size, digest);
	munmap(map, j->size);
	return file;
}

static void push_big(struct job *j)
{
	struct client *c = calloc(1, sizeof(*c));
	char digest[HEX + 1];
	int file = memory_file(j, digest);
	double spent;

	if (!c)
		die("no memory");
	c->to = j->to;
	c->fd = address_connect(&c->to);
	j->begun = now();
	client_post(c);
	if (strcmp(j->mode, "put") == 0)
		push_in_one(c, j, file, digest);
	else
		push_in_chunks(c, j, file, digest);
	spent = now() - j->begun;
	printf("{\"mode\":\"%s\",\"done\":1,\"seconds\":%.4f,\"mib_per_second\":%.2f,"
	       "\"digest\":\"sha256:%s\"}\n", j->mode, spent, (double)j->size / spent / 1048576, digest);
	close(c->fd);
	close(file);
	free(c);
}

int main(int argc, char **argv)
{
	static struct job j = {.threads = 8, .seconds = 5, .size = 4096, .chunk = 32768};

	signal(SIGPIPE, SIG_IGN);
	job_options(&j, argc, argv);
	job_begin(&j);
	if (!strcmp(j.mode, "blobs") || !strcmp(j.mode, "images"))
		push_many(&j);
	else if (!strcmp(j.mode, "put") || !strcmp(j.mode, "patch"))
		push_big(&j);
	else
		usage(stderr), exit(2);
	free(j.pattern);
	return 0;
}
