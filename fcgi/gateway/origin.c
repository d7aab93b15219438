#include "gateway/origin.h"

#include "format/forwarded.h"
#include "gateway/exchange.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

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

bool origin_of(const struct exchange *x, char out[ORIGIN_SIZE])
{
	const struct request *r = &x->request;
	struct view networks = view_of(x->config->trusted_proxies);
	struct view forwarded = request_header(r, "HTTP_FORWARDED");
	struct origin o = {
	        .secure = view_is_nocase(request_header(r, "HTTPS"), "on") ||
	                  view_is(request_header(r, "REQUEST_SCHEME"), "https"),
	        .host = request_header(r, "HTTP_HOST"),
	};

	if (view_copy(view_of(x->config->public_url), out, ORIGIN_SIZE) == 0 && out[0])
		return true;
	if (is_trusted(networks, request_header(r, "REMOTE_ADDR"))) {
		if (forwarded.len > 0)
			apply_forwarded(&o, networks, forwarded);
		else
			apply_x_forwarded(&o, networks, r);
	}
	out[0] = '\0';
	if (!is_authority(o.host))
		return false;
	snprintf(out, ORIGIN_SIZE, "http%s://%.*s", o.secure ? "s" : "",
	        VIEW_ARG(o.host));
	return true;
}

int origin_check_settings(const struct config *c, struct err *err)
{
	struct view bad;

	if (strlen(c->public_url) >= ORIGIN_SIZE)
		return err_set(err, ERR_BAD_REQUEST,
		        "public-url is longer than %d characters", ORIGIN_SIZE - 1);
	if (cidr_list_is_valid(view_of(c->trusted_proxies), &bad))
		return 0;
	return err_set(err, ERR_BAD_REQUEST,
	        "trusted-proxies: \"%.*s\" is neither an address nor a network",
	        bad.len < 64 ? (int)bad.len : 64, bad.ptr);
}
