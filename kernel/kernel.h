/*
 * kernel.h: what all of the kernel shares: the address map, addresses, panic and assertions.
 *
 * Kernel half of every space: 255 GiB window of physical memory (RW, never X), and the image in the last
 * gigapage. Objects are always named by their window address.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tessera/abi.h>

#ifndef DEBUG
#define DEBUG 0
#endif

#ifndef WINDOW_VA
#define WINDOW_VA    0xffffffc000000000UL
#endif
#define WINDOW_SIZE  (255UL << 30)
#define KERNEL_VA    0xffffffffc0000000UL

static inline void *window(uint64_t pa)
{
	return (void *)(WINDOW_VA + pa);
}

static inline uint64_t window_pa(const void *p)
{
	return (uint64_t)p - WINDOW_VA;
}

/* Physical base of the image less its virtual base; image symbols to window addresses. */
extern uint64_t image_offset;

static inline uint64_t image_pa(const void *symbol)
{
	return (uint64_t)symbol + image_offset;
}

static inline void *image_window(void *symbol)
{
	return window(image_pa(symbol));
}

/* Counters for SYSTEM_STATS; only under the lock. */
extern struct kernel_stats kernel_stats;

struct thread;

/* As the id of a space, of a fence. */
#define FENCE_ALL_SPACES (~0UL)

/* Index of the lowest bit set of a word that is not 0. */
unsigned bit_lowest(uint64_t w);

/* satp of the kernel's own table. */
uint64_t kernel_satp(void);

/* Pages of the root server's own image, which no frame names. */
extern uint64_t boot_root_pages;
extern struct thread *boot_root_thread;

/* Prints why and stops the machine. Only the kernel's own bugs may come here. */
__attribute__((noreturn)) void panic(const char *why, uint64_t value);

#if DEBUG
#define assert_own(condition) do { if (!(condition)) panic(__FILE__ ": " #condition, __LINE__); } while (0)
#else
#define assert_own(condition) ((void)0)
#endif

/* Clears or copies size bytes (a multiple of 64, 64-aligned). 0 or -E_BAD_MEMORY: nothing answered there. */
int memory_clear(void *to, uint64_t size);
int memory_copy(void *to, const void *from, uint64_t size);
/* 0, or -E_BAD_CALL when the hart has no stimecmp. */
int timer_probe(void);
