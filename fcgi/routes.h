/* The route table: every method and path the registry answers. */
#ifndef ROUTES_H
#define ROUTES_H

#include "gateway/route.h"

extern const struct route routes[];
extern const size_t nroutes;

#endif
