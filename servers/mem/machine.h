/*
 * machine.h: what machine this is: RAM, archive, devices, boot arguments, as the device tree says.
 * Owns the parsed tree. Gives all usable RAM to frames.h at start.
 */
#ifndef MEM_MACHINE_H
#define MEM_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tessera/abi.h>
#include <mem_idl.h>
#include "dt.h"

#define MACHINE_HARTS 8u                /* as many as the kernel runs */

struct machine {
	uint64_t ram;                   /* bytes, by the device tree */
	uint64_t kernel;                /* bytes of the image in RAM */
	uint64_t reserved;              /* bytes that nobody may use */
	uint64_t timebase;
	uint64_t hart[MACHINE_HARTS];   /* ids of the harts that run, by the kernel's index; the boot hart first */
	uint32_t harts;
	uint32_t archive;               /* object, 0: none */
	uint64_t archive_size;
	uint64_t begun_kernel, begun;   /* rdinstret when the kernel and when mem began */
};

extern struct machine machine;
extern struct dt machine_dt;

/* Reads the device tree and takes over RAM; stops the machine if there is none to run in. */
void machine_start(const struct boot_info *boot);
/* The value of "word=..." in the boot arguments up to the next space, NULL: not there. */
const char *machine_word(const char *word);
/* Whether interrupts of the controller with this number reach a hart; false, too, if there is none. */
bool machine_controller_serves(uint32_t number, uint64_t hart);
uint32_t machine_controllers(void);
/* A device by compatible string: 0 or E_NOT_FOUND; E_IO: a controller that serves no hart that runs. */
int machine_device(const char *compatible, uint32_t index, struct mem_device *found);
/* An object of its registers' pages; 0 or an error. */
int machine_device_object(const struct mem_device *device, uint32_t *object);
/* Bounds of a pool's RAM. */
void machine_pool(unsigned pool, uint64_t *base, uint64_t *size);

#endif
