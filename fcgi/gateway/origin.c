#include "gateway/origin.h"

#include "format/forwarded.h"
#include "gateway/exchange.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define HOST_MAX 255
#define PORT_MAX 6 /* with its colon */

struct origin {
	bool secure;
	struct view host; /* with its port, if any */
};

/* host[:port] as a client may put it into an address; it comes back in our fields. */
static bool is_authority(struct view host)
{
	if (host.len == 0 || host.len > HOST_MAX + PORT_MAX)
		return false;
	for (size_t i = 0; i < host.len; i++)
		if (!isalnum((unsigned char)host.ptr[i]) &&
		        (host.ptr[i] == '\0' || !strchr(".-_:[]", host.ptr[i])))
			return false;
	return true;
}

/* What a proxy says counts; what it does not say stays as it was. */
static void apply(struct origin *o, struct view proto, struct view host)
{
	if (view_is_nocase(proto, "https") || view_is_nocase(proto, "http"))
		o->secure = view_is_nocase(proto, "https");
	if (is_authority(host))
		o->host = host;
}

static bool is_trusted(struct view networks, struct view node)
{
	struct ip_address address;

	return forwarded_address(node, &address) == 0 &&
	       cidr_list_holds(networks, &address);
}

/* Every element that a trusted proxy has added, up to the one nearest to the client. */
static void apply_forwarded(struct origin *o, struct view networks, struct view field)
{
	struct forwarded elements[FORWARDED_MAX];
	ssize_t n = forwarded_parse(field, elements);
	bool trusted = true;

	for (; n > 0 && trusted; n--) {
		apply(o, elements[n - 1].proto, elements[n - 1].host);
		trusted = is_trusted(networks, elements[n - 1].client);
	}
}

/* How many more proxies that are trusted the request has passed before the last one. */
static size_t count_hops(struct view networks, struct view clients)
{
	struct view node;
	size_t n = 0;

	do {
		view_cut_last(clients, ',', &clients, &node);
	} while (is_trusted(networks, view_trim(node)) && ++n < FORWARDED_MAX);
	return n;
}

static void apply_x_forwarded(
        struct origin *o, struct view networks, const struct request *r)
{
	size_t hops = count_hops(networks, request_header(r, "HTTP_X_FORWARDED_FOR"));

	apply(o, forwarded_nth_last(request_header(r, "HTTP_X_FORWARDED_PROTO"), hops),
	        forwarded_nth_last(request_header(r, "HTTP_X_FORWARDED_HOST"), hops));
}

/* The name in host[:port], with what is behind it. */
static struct view host_name(struct view authority, struct view *port)
{
	struct view name;

	if (!view_ends(authority, "]") && view_cut_last(authority, ':', &name, port))
		return name;
	*port = VIEW_LIT("");
	return authority;
}

static bool same_text(struct view a, struct view b)
{
	return a.len == b.len && (a.len == 0 || strncasecmp(a.ptr, b.ptr, a.len) == 0);
}

/* Whether two authorities mean the same: the port of the scheme may be left out. */
static bool same_authority(struct view a, struct view b, bool secure)
{
	struct view standard = secure ? VIEW_LIT("443") : VIEW_LIT("80");
	struct view a_port, b_port;
	struct view a_name = host_name(a, &a_port), b_name = host_name(b, &b_port);

	return same_text(a_name, b_name) &&
	       view_equal(a_port.len > 0 ? a_port : standard,
	               b_port.len > 0 ? b_port : standard);
}

/* As the setting says, with the host in the words of the client. */
static struct origin public_origin(struct view url, struct view host)
{
	struct view scheme;
	struct origin o;

	view_cut(url, ':', &scheme, &o.host);
	o.secure = view_is(scheme, "https");
	o.host.ptr += 2;
	o.host.len -= 2;
	if (is_authority(host) && same_authority(o.host, host, o.secure))
		o.host = host;
	return o;
}

/* What the web server says, and the proxies that are trusted. */
static struct origin request_origin(const struct exchange *x)
{
	const struct request *r = &x->request;
	struct view networks = view_of(x->config->trusted_proxies);
	struct view forwarded = request_header(r, "HTTP_FORWARDED");
	struct origin o = {
	        .secure = view_is_nocase(request_header(r, "HTTPS"), "on") ||
	                  view_is(request_header(r, "REQUEST_SCHEME"), "https"),
	        .host = request_header(r, "HTTP_HOST"),
	};

	if (is_trusted(networks, request_header(r, "REMOTE_ADDR"))) {
		if (forwarded.len > 0)
			apply_forwarded(&o, networks, forwarded);
		else
			apply_x_forwarded(&o, networks, r);
	}
	return o;
}

static struct origin find_origin(const struct exchange *x)
{
	struct view url = view_of(x->config->public_url);
	struct origin asked = request_origin(x);

	return url.len > 0 ? public_origin(url, asked.host) : asked;
}

static bool write_origin(const struct origin *o, char out[ORIGIN_SIZE])
{
	out[0] = '\0';
	if (!is_authority(o->host))
		return false;
	snprintf(out, ORIGIN_SIZE, "http%s://%.*s", o->secure ? "s" : "",
	        VIEW_ARG(o->host));
	return true;
}

bool origin_of(const struct exchange *x, char out[ORIGIN_SIZE])
{
	struct origin o = find_origin(x);

	return write_origin(&o, out);
}

bool origin_of_blobs(const struct exchange *x, char out[ORIGIN_SIZE])
{
	struct origin o = find_origin(x), asked = request_origin(x);
	struct view port;

	out[0] = '\0';
	if (!is_authority(o.host) || !x->config->blob_host[0])
		return false;
	o.host = view_of(x->config->blob_host);
	if (same_text(host_name(o.host, &port), host_name(asked.host, &port)))
		return false;
	return write_origin(&o, out);
}

int origin_check_settings(const struct config *c, struct err *err)
{
	struct view bad;

	if (c->blob_host[0] && !is_authority(view_of(c->blob_host)))
		return err_set(err, ERR_BAD_REQUEST,
		        "blob-host is no host or host:port: \"%s\"", c->blob_host);
	if (strlen(c->public_url) >= ORIGIN_SIZE)
		return err_set(err, ERR_BAD_REQUEST,
		        "public-url is longer than %d characters", ORIGIN_SIZE - 1);
	if (cidr_list_is_valid(view_of(c->trusted_proxies), &bad))
		return 0;
	return err_set(err, ERR_BAD_REQUEST,
	        "trusted-proxies: \"%.*s\" is neither an address nor a network",
	        bad.len < 64 ? (int)bad.len : 64, bad.ptr);
}
