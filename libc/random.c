/*
 * random.c: getentropy: a ChaCha20 stream keyed with what mem's generator gave this process at its start. The
 * first word of that seed is the stack protector's canary and is not used here.
 */
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>
#include <tessera/lock.h>
#include "libc_internal.h"

#define WORDS     16
#define ROUNDS    20
#define MOST      256                  /* bytes a call, as everywhere */

static struct lock lock;
static uint64_t block_number;          /* under the lock */

static uint32_t rotate(uint32_t x, unsigned n)
{
	return x << n | x >> (32 - n);
}

static void quarter(uint32_t *s, unsigned a, unsigned b, unsigned c, unsigned d)
{
	s[a] += s[b];
	s[d] = rotate(s[d] ^ s[a], 16);
	s[c] += s[d];
	s[b] = rotate(s[b] ^ s[c], 12);
	s[a] += s[b];
	s[d] = rotate(s[d] ^ s[a], 8);
	s[c] += s[d];
	s[b] = rotate(s[b] ^ s[c], 7);
}

/* One block of the stream (RFC 8439, section 2.3, with a 64-bit block number). */
static void make_block(uint32_t out[WORDS], uint64_t number)
{
	uint32_t state[WORDS] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };

	memcpy(state + 4, start_info->random + 1, 3 * sizeof(uint64_t));
	memcpy(state + 10, &start_info->pid, sizeof(uint64_t));
	memcpy(state + 12, &number, sizeof(number));
	memcpy(out, state, sizeof(state));
	for (int i = 0; i < ROUNDS; i += 2) {
		for (unsigned n = 0; n < 4; n++)
			quarter(out, n, n + 4, n + 8, n + 12);
		for (unsigned n = 0; n < 4; n++)
			quarter(out, n, 4 + (n + 1) % 4, 8 + (n + 2) % 4, 12 + (n + 3) % 4);
	}
	for (int i = 0; i < WORDS; i++)
		out[i] += state[i];
}

int getentropy(void *out, size_t size)
{
	uint32_t block[WORDS];
	char *p = out;

	if (size > MOST) {
		errno = EIO;
		return -1;
	}
	while (size) {
		size_t piece = size < sizeof(block) ? size : sizeof(block);
		uint64_t number;

		lock_acquire(&lock);
		number = block_number++;
		lock_release(&lock);
		make_block(block, number);
		memcpy(p, block, piece);
		p += piece;
		size -= piece;
	}
	return 0;
}

/* There is one source, which never waits: the flags make no difference. */
ssize_t getrandom(void *out, size_t size, unsigned flags)
{
	char *p = out;

	if (flags & ~(GRND_NONBLOCK | GRND_RANDOM)) {
		errno = EINVAL;
		return -1;
	}
	for (size_t left = size; left;) {
		size_t piece = left < MOST ? left : MOST;

		(void)getentropy(p, piece);
		p += piece;
		left -= piece;
	}
	return (ssize_t)size;
}
