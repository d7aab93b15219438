#include "store/manifest_order.h"

#include "format/digest_table.h"
#include "store/manifests.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A manifest that lists another: their numbers in the table. */
struct edge {
	uint32_t parent, child;
};

struct graph {
	struct store *store;
	const struct repo_name *repo;
	struct digest_table table;
	struct edge *edges; /* those of one parent stand together */
	size_t nedges, size;
};

static int no_memory(const struct graph *g, struct err *err)
{
	return err_set(err, ERR_FAULT, "no memory for the manifests of %s",
		g->repo->text);
}

static int add_edge(struct graph *g, const struct digest *parent,
	const struct digest *child, struct err *err)
{
	struct edge e;

	if (g->nedges == g->size) {
		size_t size = g->size > 0 ? g->size * 2 : 64;
		struct edge *grown = realloc(g->edges, size * sizeof(*grown));

		if (!grown)
			return no_memory(g, err);
		g->edges = grown;
		g->size = size;
	}
	if (digest_table_add(&g->table, parent, &e.parent) < 0 ||
		digest_table_add(&g->table, child, &e.child) < 0)
		return no_memory(g, err);
	g->edges[g->nedges++] = e;
	return 0;
}

static int add_manifest(void *arg, const struct digest *d, struct err *err)
{
	struct graph *g = arg;
	struct reference ref = {.is_digest = true, .digest = *d};
	struct stored_manifest m = STORED_MANIFEST_INIT;
	struct manifest doc = MANIFEST_INIT;
	int rc = manifests_get(g->store, g->repo, &ref, &m, err);

	if (rc == 0)
		rc = manifest_parse(m.content, m.media_type, &doc, err);
	for (size_t i = 0; rc == 0 && i < doc.nrefs; i++)
		if (doc.refs[i].is_manifest)
			rc = add_edge(g, d, &doc.refs[i].digest, err);
	if (rc < 0 && err_is_refusal(err)) {
		err_release(err);
		rc = 0;
	}
	manifest_release(&doc);
	stored_manifest_release(&m);
	return rc;
}

/* By number: the index of its first edge and one more, and how many list it. */
struct node {
	size_t first;
	uint32_t listed;
};

static void count_nodes(const struct graph *g, struct node *nodes)
{
	for (size_t i = g->nedges; i-- > 0;) {
		nodes[g->edges[i].parent].first = i + 1;
		nodes[g->edges[i].child].listed++;
	}
}

/* Puts the numbers in order, each after those that list it; how many there are. */
static size_t sort(const struct graph *g, struct node *nodes, uint32_t *order)
{
	size_t n = 0;

	for (size_t i = 0; i < g->table.count; i++)
		if (nodes[i].listed == 0)
			order[n++] = (uint32_t)i;
	for (size_t at = 0; at < n; at++) {
		size_t i = nodes[order[at]].first;

		if (i == 0)
			continue;
		for (i--; i < g->nedges && g->edges[i].parent == order[at]; i++)
			if (--nodes[g->edges[i].child].listed == 0)
				order[n++] = g->edges[i].child;
	}
	return n;
}

static int put_in_order(
	const struct graph *g, struct digest **out, size_t *n, struct err *err)
{
	size_t count = g->table.count + 1;
	struct node *nodes = calloc(count, sizeof(*nodes));
	uint32_t *order = calloc(count, sizeof(*order));
	size_t sorted = 0;

	*out = calloc(count, sizeof(**out));
	if (nodes && order && *out) {
		count_nodes(g, nodes);
		sorted = sort(g, nodes, order);
	} else {
		free(*out);
		*out = NULL;
		no_memory(g, err);
	}
	for (size_t i = 0; i < sorted; i++)
		if (nodes[order[i]].first > 0)
			(*out)[(*n)++] = g->table.digests[order[i]];
	free(nodes);
	free(order);
	return *out ? 0 : -1;
}

int manifest_order_parents(struct store *s, const struct repo_name *r,
	struct digest **out, size_t *n, struct err *err)
{
	struct graph g = {.store = s, .repo = r};
	struct session_id random;
	uint64_t seed;
	int rc = store_random_id(&random, err);

	*out = NULL;
	*n = 0;
	if (rc < 0)
		return -1;
	memcpy(&seed, random.text, sizeof(seed));
	g.table = DIGEST_TABLE_INIT(seed);
	rc = manifests_each(s, r, add_manifest, &g, err);
	if (rc == 0)
		rc = put_in_order(&g, out, n, err);
	digest_table_release(&g.table);
	free(g.edges);
	return rc;
}
