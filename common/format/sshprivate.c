#include "format/sshprivate.h"

#include "format/base64.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdint.h>
#include <string.h>

#define BEGIN "-----BEGIN OPENSSH PRIVATE KEY-----"
#define END "-----END OPENSSH PRIVATE KEY-----"
#define MAGIC "openssh-key-v1" /* and a NUL */
#define KEY_TYPE "ssh-ed25519"
#define LINE 70 /* characters of base64, as ssh-keygen writes them */
#define PRIVATE_BYTES (SSH_SEED_BYTES + SSH_KEY_BYTES)
#define BLOCK 8 /* of the cipher "none" */

void ssh_private_wipe(struct ssh_private *k)
{
	OPENSSL_cleanse(k, sizeof(*k));
}

static EVP_PKEY *pkey_of(const unsigned char *seed)
{
	return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, SSH_SEED_BYTES);
}

int ssh_private_make(
        const unsigned char seed[SSH_SEED_BYTES], struct ssh_private *out)
{
	EVP_PKEY *pkey = pkey_of(seed);
	size_t len = SSH_KEY_BYTES;
	int rc = -1;

	memcpy(out->seed, seed, SSH_SEED_BYTES);
	if (pkey && EVP_PKEY_get_raw_public_key(pkey, out->public.bytes, &len) == 1 &&
	        len == SSH_KEY_BYTES)
		rc = 0;
	EVP_PKEY_free(pkey);
	return rc;
}

int ssh_private_sign(const struct ssh_private *k, struct view message,
        unsigned char sig[SSH_SIGNATURE_BYTES])
{
	EVP_PKEY *pkey = pkey_of(k->seed);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t len = SSH_SIGNATURE_BYTES;
	int rc = -1;

	if (pkey && ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
	        EVP_DigestSign(ctx, sig, &len, (const unsigned char *)message.ptr,
	                message.len) == 1)
		rc = 0;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return rc;
}

/* Takes len bytes off v; the empty view, and v as it was, when there are fewer. */
static struct view take(struct view *v, size_t len)
{
	struct view head = {v->ptr, len};

	if (len > v->len)
		return (struct view){v->ptr, 0};
	*v = (struct view){v->ptr + len, v->len - len};
	return head;
}

static bool take_u32(struct view *v, uint32_t *out)
{
	struct view n = take(v, 4);

	*out = 0;
	for (size_t i = 0; i < n.len; i++)
		*out = *out << 8 | (unsigned char)n.ptr[i];
	return n.len == 4;
}

/* A counted string. */
static bool take_string(struct view *v, struct view *out)
{
	uint32_t len;

	if (!take_u32(v, &len) || len > v->len)
		return false;
	*out = take(v, len);
	return true;
}

/* The strings that have to stand there. */
static bool take_word(struct view *v, const char *word)
{
	struct view s;

	return take_string(v, &s) && view_is(s, word);
}

/* What the cipher is padded with: 1, 2, 3 and so on. */
static bool is_padding(struct view v)
{
	for (size_t i = 0; i < v.len; i++)
		if ((unsigned char)v.ptr[i] != i + 1)
			return false;
	return v.len < BLOCK;
}

/* The half that would be encrypted: two equal numbers, the key, a comment, padding. */
static int read_private(struct view v, struct ssh_private *out)
{
	struct view public, private, comment;
	struct ssh_private made;
	uint32_t a, b;
	int rc = -1;

	if (v.len % BLOCK != 0 || !take_u32(&v, &a) || !take_u32(&v, &b) || a != b)
		return -1;
	if (!take_word(&v, KEY_TYPE) || !take_string(&v, &public) ||
	        !take_string(&v, &private) || !take_string(&v, &comment) ||
	        !is_padding(v))
		return -1;
	if (public.len != SSH_KEY_BYTES || private.len != PRIVATE_BYTES)
		return -1;
	/* Both halves say what is public; so does the seed. */
	if (ssh_private_make((const unsigned char *)private.ptr, &made) == 0 &&
	        memcmp(made.public.bytes, public.ptr, SSH_KEY_BYTES) == 0 &&
	        memcmp(made.public.bytes, private.ptr + SSH_SEED_BYTES,
	                SSH_KEY_BYTES) == 0) {
		*out = made;
		rc = 0;
	}
	ssh_private_wipe(&made);
	return rc;
}

static int read_blob(struct view v, struct ssh_private *out, const char **why)
{
	struct view magic = take(&v, sizeof(MAGIC)), cipher, kdf, options, public,
	            private;
	uint32_t keys;

	*why = "broken";
	if (magic.len == 0 || memcmp(magic.ptr, MAGIC, sizeof(MAGIC)) != 0 ||
	        !take_string(&v, &cipher) || !take_string(&v, &kdf) ||
	        !take_string(&v, &options) || !take_u32(&v, &keys) || keys != 1 ||
	        !take_string(&v, &public) || !take_string(&v, &private) || v.len != 0)
		return -1;
	if (!view_is(cipher, "none") || !view_is(kdf, "none")) {
		*why = "encrypted";
		return -1;
	}
	if (!take_word(&public, KEY_TYPE)) {
		*why = "not Ed25519";
		return -1;
	}
	return read_private(private, out);
}

/* The text between the two lines, without line ends. */
static int join_lines(struct view text, struct buf *out)
{
	struct view line;

	view_cut(text, '\n', &line, &text);
	if (!view_is(view_trim(line), BEGIN) && !view_is(line, BEGIN "\r"))
		return -1;
	while (text.len > 0) {
		view_cut(text, '\n', &line, &text);
		if (line.len > 0 && line.ptr[line.len - 1] == '\r')
			line.len--;
		if (view_is(line, END))
			return view_trim(text).len == 0 && !buf_failed(out) ? 0 : -1;
		buf_add_view(out, line);
	}
	return -1;
}

int ssh_private_parse(struct view text, struct ssh_private *out, const char **why)
{
	struct buf base64 = BUF_INIT(SSH_PRIVATE_FILE_MAX);
	char blob[BASE64_DECODED_MAX(SSH_PRIVATE_FILE_MAX)];
	size_t len;
	int rc = -1;

	*why = "no private key in the form of OpenSSH";
	/* At once: what would be left behind by growing is a secret. */
	if (text.len < SSH_PRIVATE_FILE_MAX &&
	        buf_reserve(&base64, SSH_PRIVATE_FILE_MAX - 1) == 0 &&
	        join_lines(text, &base64) == 0 &&
	        base64_decode(buf_view(&base64), blob, sizeof(blob), &len) == 0)
		rc = read_blob((struct view){blob, len}, out, why);
	OPENSSL_cleanse(blob, sizeof(blob));
	if (base64.ptr)
		OPENSSL_cleanse(base64.ptr, base64.size);
	buf_release(&base64);
	return rc;
}

static void add_u32(struct buf *out, size_t n)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		buf_add_char(out, (char)(n >> shift & 0xff));
}

static void add_string(struct buf *out, const void *bytes, size_t len)
{
	add_u32(out, len);
	buf_add(out, bytes, len);
}

static void add_word(struct buf *out, const char *word)
{
	add_string(out, word, strlen(word));
}

static void add_private(const struct ssh_private *k, const char *comment, struct buf *out)
{
	unsigned char pair[PRIVATE_BYTES];

	memcpy(pair, k->seed, SSH_SEED_BYTES);
	memcpy(pair + SSH_SEED_BYTES, k->public.bytes, SSH_KEY_BYTES);
	/* Only what decrypts has to know that it did so rightly. */
	add_u32(out, 0);
	add_u32(out, 0);
	add_word(out, KEY_TYPE);
	add_string(out, k->public.bytes, SSH_KEY_BYTES);
	add_string(out, pair, sizeof(pair));
	add_word(out, comment);
	for (char c = 1; out->len % BLOCK != 0; c++)
		buf_add_char(out, c);
	OPENSSL_cleanse(pair, sizeof(pair));
}

static void add_blob(const struct ssh_private *k, const struct buf *private,
        struct buf *out)
{
	buf_add(out, MAGIC, sizeof(MAGIC));
	add_word(out, "none");
	add_word(out, "none");
	add_word(out, "");
	add_u32(out, 1);
	add_u32(out, 4 + strlen(KEY_TYPE) + 4 + SSH_KEY_BYTES);
	add_word(out, KEY_TYPE);
	add_string(out, k->public.bytes, SSH_KEY_BYTES);
	add_string(out, private->ptr, private->len);
}

static void wipe(struct buf *b)
{
	if (b->ptr)
		OPENSSL_cleanse(b->ptr, b->size);
	buf_release(b);
}

int ssh_private_text(const struct ssh_private *k, const char *comment, struct buf *out)
{
	struct buf parts[3] = {BUF_INIT(2048), BUF_INIT(2048), BUF_INIT(4096)};
	struct view rest, line;
	int rc = -1;

	for (size_t i = 0; i < 3; i++)
		if (buf_reserve(&parts[i], parts[i].ceiling - 1) != 0)
			goto out;
	add_private(k, comment, &parts[0]);
	add_blob(k, &parts[0], &parts[1]);
	if (buf_failed(&parts[0]) || buf_failed(&parts[1]) ||
	        base64_encode(parts[1].ptr, parts[1].len, &parts[2]) != 0)
		goto out;
	buf_add_str(out, BEGIN "\n");
	for (rest = buf_view(&parts[2]); rest.len > 0;) {
		line = take(&rest, rest.len < LINE ? rest.len : LINE);
		buf_add_view(out, line);
		buf_add_char(out, '\n');
	}
	rc = buf_add_str(out, END "\n");
	if (buf_failed(out))
		rc = -1;
out:
	for (size_t i = 0; i < 3; i++)
		wipe(&parts[i]);
	return rc;
}
