/*
 * virtio.h: a virtio block device behind the MMIO transport, legacy (version 1) and modern (version 2), with
 * one queue. Owns the registers and
 * the ring; knows no clients. (Virtual I/O Device 1.1: 2.6, 4.2, 5.2.)
 */
#ifndef BLK_VIRTIO_H
#define BLK_VIRTIO_H

#include <stdbool.h>
#include <stdint.h>
#include <blk_idl.h>

#define VIRTIO_DEPTH       21          /* requests at once: three descriptors of 64 each */
#define VIRTIO_RING_BYTES  16384       /* of contiguous memory for the ring */
#define VIRTIO_NONE        (-1)

/* Whether a block device answers at these registers. */
bool virtio_probe(uint64_t registers);

/* Stops it: from then on it touches no memory. */
void virtio_reset(uint64_t registers);

/* Starts it with a ring in zeroed memory, at its address and physical address: 0 or E_IO. */
int virtio_start(uint64_t registers, void *ring, uint64_t physical);

/* What the device says of itself. */
uint64_t virtio_sectors(void);
bool virtio_read_only(void);
bool virtio_flushes(void);             /* it knows FLUSH; else what is written is where it stays */

/* Sends a request in place `n`, below VIRTIO_DEPTH and not in use. data: physical address. */
void virtio_send(unsigned n, enum blk_operation operation, uint64_t sector, uint64_t data, uint32_t bytes);

/* The place of a request that is done and its error number; VIRTIO_NONE: there is none. */
int virtio_done(int *error);

/* The device's interrupt was seen: it may raise the next. */
void virtio_acknowledge(void);

#endif
