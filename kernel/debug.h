/*
 * debug.h: what only debug kernels have: a model of the TLBs and painted stacks. In release kernels every
 * call is nothing.
 */
#pragma once

#include "kernel.h"

#define DEBUG_ALL_VA (~0UL)

#if DEBUG
/* A live PTE of the space lost something: translations that harts of the mask may hold must be fenced. */
void debug_downgrade(uint64_t space, uint64_t va, uint64_t harts);
/* Harts of the mask fenced the page (or all pages) of the space. */
void debug_fenced(uint64_t space, uint64_t va, uint64_t harts);
/* Called before a hart goes to user mode: panics if anything is unfenced, or fences would not reach it there. */
void debug_check_fences(void);
void debug_paint_stack(char *stack, uint64_t size);
/* Most bytes of the stack that were ever used. */
uint64_t debug_stack_used(const char *stack, uint64_t size);
#else
#define debug_downgrade(space, va, harts) ((void)(space), (void)(va), (void)(harts))
#define debug_fenced(space, va, harts) ((void)(space), (void)(va), (void)(harts))
#define debug_paint_stack(stack, size) ((void)(stack), (void)(size))
#endif
