/*
 * report.h: the words a fault is reported in. Pure.
 */
#ifndef PROC_REPORT_H
#define PROC_REPORT_H

#include <stddef.h>
#include <stdint.h>
#include <mem_idl.h>

#define REPORT_MAX 3072

/* Who faulted. */
struct report_who {
	const char *name;               /* printable */
	uint64_t pid;
	const void *image;              /* the executable's bytes, or NULL: functions stay unnamed */
	size_t image_size;
	uint64_t image_base;            /* where it was loaded */
	const uint64_t *stack;          /* words from its sp on, or NULL */
	size_t stack_words;
};

/* Writes the report, lines ending in \n, into text of REPORT_MAX bytes; gives its length. */
size_t report_build(char *text, const struct report_who *who, const struct mem_fault *fault);

/* What an scause of an exception is called. */
const char *report_cause(uint64_t cause);

#endif
