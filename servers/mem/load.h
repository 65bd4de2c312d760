/*
 * load.h: starts the process server: the first file of the archive, a flat image.
 */
#ifndef MEM_LOAD_H
#define MEM_LOAD_H

/* Stops the machine with a reason if it cannot. */
void load_proc(void);

#endif
