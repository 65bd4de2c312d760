/*
 * random.c: ChaCha20 (RFC 8439, 2.3) as a generator. See random.h.
 */
#include "random.h"

#define BLOCK_WORDS 16

static uint32_t input[BLOCK_WORDS], block[BLOCK_WORDS];
static unsigned next = BLOCK_WORDS;

static uint32_t rotate(uint32_t x, unsigned by)
{
	return x << by | x >> (32 - by);
}

static void quarter(uint32_t *x, unsigned a, unsigned b, unsigned c, unsigned d)
{
	x[a] += x[b];
	x[d] = rotate(x[d] ^ x[a], 16);
	x[c] += x[d];
	x[b] = rotate(x[b] ^ x[c], 12);
	x[a] += x[b];
	x[d] = rotate(x[d] ^ x[a], 8);
	x[c] += x[d];
	x[b] = rotate(x[b] ^ x[c], 7);
}

static void block_make(void)
{
	for (unsigned i = 0; i < BLOCK_WORDS; i++)
		block[i] = input[i];
	for (unsigned round = 0; round < 20; round += 2) {
		for (unsigned i = 0; i < 4; i++)
			quarter(block, i, 4 + i, 8 + i, 12 + i);
		for (unsigned i = 0; i < 4; i++)
			quarter(block, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4);
	}
	for (unsigned i = 0; i < BLOCK_WORDS; i++)
		block[i] += input[i];
	if (++input[12] == 0)
		input[13]++;
	next = 0;
}

void random_seed(const void *bytes, size_t size)
{
	static const uint32_t constant[4] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };
	const uint8_t *p = bytes;

	for (unsigned i = 0; i < BLOCK_WORDS; i++)
		input[i] = i < 4 ? constant[i] : 0;
	for (size_t i = 0; i < size; i++)
		input[4 + i / 4 % 8] ^= (uint32_t)p[i] << i % 4 * 8;
	next = BLOCK_WORDS;
}

uint64_t random_next(void)
{
	uint64_t value;

	if (next + 2 > BLOCK_WORDS)
		block_make();
	value = (uint64_t)block[next] << 32 | block[next + 1];
	block[next] = block[next + 1] = 0;
	next += 2;
	return value;
}
