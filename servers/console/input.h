/*
 * input.h: what was typed. Owns the input ring, the line being edited and the readers that wait.
 *
 * Bytes are kept as they come and become lines, with their echo, only when somebody reads: so the mode and
 * the history of the reader count, and what was typed ahead appears behind the prompt it answers. When the
 * ring is full, bytes stay in the device (the sender is held up, nothing is lost) until somebody reads.
 * Ctrl-C alone is seen at once: it discards what was typed before it, ends waiting reads, and is signalled.
 */
#ifndef CONSOLE_INPUT_H
#define CONSOLE_INPUT_H

#include <stdbool.h>
#include <stdint.h>
#include <tessera/abi.h>

bool input_room(void);

/* A byte from the device; there must be room. */
void input_byte(uint8_t byte);

/* The current caller reads: IDL_PARKED, or a positive error. */
int input_read(uint64_t pid, uint32_t most);

/* Answers readers as far as bytes and room for echo allow. */
void input_serve(void);

/* Forgets what was typed; waiting reads answer INTERRUPTED. */
void input_flush(void);

/* Where Ctrl-C is signalled. */
void input_interrupt_to(cap_t notify);

#endif
