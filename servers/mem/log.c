/*
 * log.c: the firmware's console. See log.h.
 */
#include "log.h"
#include <tessera/syscall.h>

static void put(char c)
{
	sys_system(ROOT_SYSTEM, SYSTEM_PUTC, (unsigned char)c, 0);
}

static void put_text(const char *text)
{
	while (*text)
		put(*text++);
}

static void put_hex(uint64_t value)
{
	int shift = 60;

	put_text("0x");
	while (shift > 0 && !(value >> shift & 15))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		put("0123456789abcdef"[value >> shift & 15]);
}

void log_line(const char *text, unsigned count, const uint64_t *values)
{
	put_text(text);
	for (unsigned i = 0; i < count; i++) {
		put(' ');
		put_hex(values[i]);
	}
	put('\n');
}

void log_error(const char *text, long error, uint64_t at)
{
	static const char *const names[] = {
#define ERROR(number, name, text) [number] = #name,
#include <tessera/errors.def>
#undef ERROR
	};
	uint64_t number = error < 0 ? -error : error;

	put_text(text);
	put_text(": ");
	put_text(number < sizeof names / sizeof *names && names[number] ? names[number] : "?");
	put_text(" at ");
	put_hex(at);
	put('\n');
}

void log_fatal(const char *text, uint64_t value)
{
	put_text("PANIC: mem: ");
	log_line(text, 1, &value);
	for (;;)
		sys_system(ROOT_SYSTEM, SYSTEM_RESET, 0, 0);
}
