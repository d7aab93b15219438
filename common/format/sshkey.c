#include "format/sshkey.h"

#include "format/base64.h"

#include <openssl/evp.h>
#include <string.h>

#define KEY_TYPE "ssh-ed25519"
/* Two counted strings (RFC 8709): the type and the key. */
#define BLOB_BYTES (4 + sizeof(KEY_TYPE) - 1 + 4 + SSH_KEY_BYTES)
/*
 * The base64 of the hexadecimal SHA-256 of nothing: the place of a body in the signed
 * text.
 */
#define EMPTY_BODY                                                                       \
	"ZTNiMGM0NDI5OGZjMWMxNDlhZmJmNGM4OTk2ZmI5MjQyN2FlNDFlNDY0OWI5MzRjYTQ5NTk5MWI3OD" \
	"UyYjg1NQ=="

/* What stands before the key, and a NUL. */
static const unsigned char head[] = "\0\0\0\013" KEY_TYPE "\0\0\0\040";

int ssh_key_parse(struct view base64, struct ssh_key *out)
{
	unsigned char blob[BLOB_BYTES];
	size_t len;

	if (base64_decode(base64, blob, sizeof(blob), &len) != 0 || len != BLOB_BYTES)
		return -1;
	if (memcmp(blob, head, sizeof(head) - 1) != 0)
		return -1;
	memcpy(out->bytes, blob + sizeof(head) - 1, SSH_KEY_BYTES);
	return 0;
}

int ssh_key_text(const struct ssh_key *key, struct buf *out)
{
	unsigned char blob[BLOB_BYTES];

	memcpy(blob, head, sizeof(head) - 1);
	memcpy(blob + sizeof(head) - 1, key->bytes, SSH_KEY_BYTES);
	return base64_encode(blob, sizeof(blob), out);
}

/* Cuts the first word off: what stands before the first blank. */
static struct view next_word(struct view *rest)
{
	struct view v = view_trim(*rest), word;
	size_t n = 0;

	while (n < v.len && v.ptr[n] != ' ' && v.ptr[n] != '\t')
		n++;
	word = (struct view){v.ptr, n};
	*rest = (struct view){v.ptr + n, v.len - n};
	return word;
}

static bool is_key_type(struct view word)
{
	return view_starts(word, "ssh-") || view_starts(word, "ecdsa-") ||
	       view_starts(word, "sk-");
}

/*
 * The options before the key. The only one is user="name"; an option not known may narrow
 * what the key is good for, so that ignoring it would give more than was meant.
 */
static enum ssh_line read_options(struct view options, struct user_name *user)
{
	if (!view_starts(options, "user=\"") || !view_ends(options, "\"") ||
	        options.len < 7)
		return SSH_LINE_UNSUPPORTED;
	options = (struct view){options.ptr + 6, options.len - 7};
	if (memchr(options.ptr, '"', options.len))
		return SSH_LINE_UNSUPPORTED;
	return user_name_parse(options, user) == 0 ? SSH_LINE_KEY : SSH_LINE_MALFORMED;
}

static int read_comment(struct view comment, struct user_name *user)
{
	if (comment.len > 0 && memchr(comment.ptr, '@', comment.len))
		return -1;
	return user_name_parse(comment, user);
}

enum ssh_line ssh_line_parse(struct view line, struct ssh_authorized *out)
{
	enum ssh_line kind = SSH_LINE_KEY;
	struct view rest, word;

	if (line.len > 0 && line.ptr[line.len - 1] == '\r')
		line.len--;
	rest = view_trim(line);
	if (rest.len == 0 || rest.ptr[0] == '#')
		return SSH_LINE_BLANK;
	out->user = USER_NOBODY;
	word = next_word(&rest);
	if (!is_key_type(word)) {
		kind = read_options(word, &out->user);
		word = next_word(&rest);
	}
	if (kind != SSH_LINE_KEY)
		return kind;
	if (!view_is(word, KEY_TYPE))
		return SSH_LINE_UNSUPPORTED;
	if (ssh_key_parse(next_word(&rest), &out->key) != 0)
		return SSH_LINE_MALFORMED;
	if (!out->user.text[0] && read_comment(view_trim(rest), &out->user) != 0)
		return SSH_LINE_MALFORMED;
	return SSH_LINE_KEY;
}

bool ssh_key_equal(const struct ssh_key *a, const struct ssh_key *b)
{
	return memcmp(a->bytes, b->bytes, SSH_KEY_BYTES) == 0;
}

bool ssh_key_verify(const struct ssh_key *key,
        const unsigned char sig[SSH_SIGNATURE_BYTES], struct view message)
{
	EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key(
	        EVP_PKEY_ED25519, NULL, key->bytes, SSH_KEY_BYTES);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool right = false;

	if (pkey && ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1)
		right = EVP_DigestVerify(ctx, sig, SSH_SIGNATURE_BYTES,
		                (const unsigned char *)message.ptr, message.len) == 1;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return right;
}

int ssh_token_message(struct view realm, struct view raw_query, struct buf *out)
{
	buf_add_str(out, "GET,");
	buf_add_view(out, realm);
	buf_add_char(out, '?');
	buf_add_view(out, raw_query);
	return buf_add_str(out, "," EMPTY_BODY);
}

int ssh_api_message(struct view method, struct view path_and_query, struct buf *out)
{
	buf_add_view(out, method);
	buf_add_char(out, ',');
	return buf_add_view(out, path_and_query);
}
