/* plat.h: how a workload is chosen and how it ends. */
#ifndef PLAT_H
#define PLAT_H
long plat_arg(int i);
void plat_exit(int status) __attribute__((noreturn));
#endif
