/*
 * log.h: lines on the firmware's console, for what happens before there is another and for our own mistakes.
 */
#ifndef MEM_LOG_H
#define MEM_LOG_H

#include <stdint.h>

/* The text, then each value in hexadecimal until `count`. */
void log_line(const char *text, unsigned count, const uint64_t *values);
/* "text: error NAME at VALUE". error: as the kernel returned it. */
void log_error(const char *text, long error, uint64_t at);
/* Says why and stops the machine: nothing can run without mem. */
__attribute__((noreturn)) void log_fatal(const char *text, uint64_t value);

#endif
