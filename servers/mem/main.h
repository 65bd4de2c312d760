/*
 * main.h: the loop that every receiver runs.
 */
#ifndef MEM_MAIN_H
#define MEM_MAIN_H

/* Serves clients for ever; needs a thread pointer (receiver.h) and nothing else. */
void main_receive(void) __attribute__((noreturn));

#endif
