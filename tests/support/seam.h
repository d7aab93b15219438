/* A gateway made of memory, for one request: variables and a body in, the reply out. */
#ifndef SUPPORT_SEAM_H
#define SUPPORT_SEAM_H

#include "base/buf.h"
#include "gateway/gateway.h"

struct seam {
	struct gateway gateway; /* the first member: its functions get its address */
	const char *const *variables; /* name, value, …, NULL */
	struct view body;
	size_t piece; /* most bytes of the body per read; 0: as many as asked for */
	bool breaks;  /* the peer leaves where the body ends */
	bool deaf;    /* and takes no reply */
	bool gone;    /* as can be seen */
	struct buf reply;
	size_t writes; /* in how many pieces the reply came */
	size_t flushed; /* bytes of it that were sent on */
};

/* Has no body yet, and no reply; release reply when done. */
void seam_init(struct seam *s, const char *const *variables);

#endif
