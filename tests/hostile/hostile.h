/*
 * hostile.h: one call of an interface, as the table knows it that tests/hostile/calls.py writes.
 */
#ifndef TESTS_HOSTILE_HOSTILE_H
#define TESTS_HOSTILE_HOSTILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tessera/abi.h>

struct interface_call {
	const char *name;
	uint16_t interface, method;
	uint16_t least, most;     /* words of an answer */
	uint16_t caps;            /* capabilities of an answer */
	uint64_t errors[2];       /* that it may answer, a bit each */
	int (*run)(cap_t server); /* makes the call with random arguments */
};
#endif
