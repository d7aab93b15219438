/* Compiler attributes under names that say what they promise. */
#ifndef BASE_ATTR_H
#define BASE_ATTR_H

/* The result carries failure and must be looked at. */
#define MUST_USE __attribute__((warn_unused_result))
/* Parameter f is a printf format and the arguments begin at a. */
#define PRINTF(f, a) __attribute__((format(printf, f, a)))

#endif
