/*
 * pager.h: pagers: processes that make the pages of objects. Owns who pages what, the demands for missing pages from
 * the first fault to the answer, and the threads that wait for them. Promises: nobody but those threads ever waits for
 * a pager; whatever it does or leaves undone costs only those who touch its objects, and them a fault report.
 *
 * A demand: (1) a fault finds its page absent: the demand is made, or one that is under way is joined, and the
 * thread's answer put aside (pager_missing). (2) The pager's turn takes it: frames come into its window. (3) Its next
 * turn supplies: they leave the window, become the object's pages, and the threads go on. Or it fails, the deadline
 * passes, or the pager ends: the threads that wait get a fault. A token carries the generation of its demand, so late
 * and second answers name nothing.
 */
#ifndef MEM_PAGER_H
#define MEM_PAGER_H

#include <stdbool.h>
#include <stdint.h>
#include <mem_idl.h>

/* What one of fault.c's faults needs is not there: FAULT_WAITS if a pager was asked, else an error number. */
unsigned pager_missing(uint32_t object, uint32_t page);
/* Whether only a pager has that page of the object. */
bool pager_absent(uint32_t object, uint64_t page);
/* Whether somebody pages the object. */
bool pager_has(uint32_t object);
/* object.c drops a page without a frame. */
void pager_page_gone(void);
/* Gives back the memory of pages that their pager can make again; how many frames, 0: there are none. */
uint32_t pager_reclaim(void);

/* The thread does not wait for a page any more. */
void pager_forget(uint32_t thread);
void pager_object_end(uint32_t object);
/* Before anything else of the space goes. */
void pager_space_end(uint32_t space);

/* Whether a space may map the object: a pager may not wait for a pager. */
bool pager_may_map(uint32_t space, uint32_t object);

/* The calls of mem.idl, by space: 0 or an error. */
int pager_start(uint32_t space, unsigned how, uint32_t deadline, uint64_t *window);
int pager_attach(uint32_t space, uint32_t object, uint64_t key, uint32_t cluster);
/* Carries out one result. */
void pager_result(uint32_t pager, const struct mem_pager_result *result);
/* Fills in demands that wait, `most` at most; how many. */
unsigned pager_take(uint32_t pager, struct mem_pager_request *out, unsigned most);
/* The call of the pager that is being served is answered when there is a demand; 0 or an error. */
int pager_wait(uint32_t pager);
int pager_set_notify(uint32_t pager, uint64_t notify);
const struct mem_pager_figures *pager_figures_of(uint32_t pager);
/* The pager of this space, 0 none. */
uint32_t pager_of(uint32_t space);

/* Ends what is overdue; when the next demand will be, ~0: there is none. */
uint64_t pager_expire(uint64_t now);

/* For the audit: what a space pays for its window; pages without a frame. */
uint64_t pager_charge(uint32_t space);
uint64_t pager_absent_count(void);

#endif
