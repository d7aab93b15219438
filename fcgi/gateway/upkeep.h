/*
 * Collection in small pieces behind requests, for a registry that is served as plain CGI and
 * has neither cron nor anybody to call it.
 */
#ifndef GATEWAY_UPKEEP_H
#define GATEWAY_UPKEEP_H

#include "base/config.h"

#include <stdbool.h>

#define UPKEEP_SECONDS 2

struct store;

/* By chance: gc-probability times of 1000. */
bool upkeep_is_due(const struct config *c);
/*
 * Collects (service/collect.h) as the settings say, for at most UPKEEP_SECONDS and what the
 * step at work then takes. The next one goes on where this one ended. A failure is logged.
 */
void upkeep_run(struct store *s, const struct config *c);

#endif
