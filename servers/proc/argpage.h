/*
 * argpage.h: the read-only page a new process finds its arguments in. Pure: bytes to bytes.
 */
#ifndef PROC_ARGPAGE_H
#define PROC_ARGPAGE_H

#include <stddef.h>
#include <stdint.h>
#include <tessera/start.h>

#define ARGS_MAX 1024           /* bytes of argument and environment strings */

/* 0 if the size bytes are argc >= 1 strings, the first not empty, then envc strings; else an error number. */
int argpage_check(const char *strings, size_t size, uint32_t argc, uint32_t envc);

/* The same for `size` bytes in an object, those of the environment from byte `env` on: their shape, unread. */
int argpage_check_long(uint32_t size, uint32_t argc, uint32_t envc, uint32_t env);

/* Appends a string to strings[0 .. *size): false if it does not fit into ARGS_MAX. */
int argpage_add(char *strings, size_t *size, const char *text);

/*
 * Builds the page from *info, whose counts and offsets are filled in here, and checked strings.
 * The number of bytes used; the rest of the page is zero.
 */
size_t argpage_build(unsigned char page[PAGE_SIZE], const struct start_info *info, const char *strings,
		     size_t size, uint32_t argc, uint32_t envc);

/* The same for strings that begin on the next page, those of the environment `env` bytes behind. */
size_t argpage_build_long(unsigned char page[PAGE_SIZE], const struct start_info *info, uint32_t argc, uint32_t envc,
			  uint32_t env);

#endif
