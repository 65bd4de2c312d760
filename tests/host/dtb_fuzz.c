/*
 * dtb_fuzz: libFuzzer on the device-tree parser: any bytes at all, then every lookup. Besides the sanitizers,
 * it checks what the parser promises of its answers.
 */
// SOURCES: servers/mem/dt_blob.c servers/mem/dt_memory.c servers/mem/dt_machine.c servers/mem/dt_device.c
// ARGS: build/corpus/dtb/good build/corpus/dtb/bad -max_len=16384 -rss_limit_mb=1024
#include <stdlib.h>
#include <string.h>

#include "dt.h"

#define IMAGE_BASE 0x80200000u
#define IMAGE_SIZE 0x100000u

static struct dt dt;

static void require(bool truth)
{
	if (!truth)
		abort();
}

/* Sorted, disjoint, not empty, below 2^56. */
static void check_sorted(const struct dt_range *range, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		require(range[i].size != 0 && range[i].base < DT_RAM_TOP &&
			range[i].size <= DT_RAM_TOP - range[i].base);
		require(i == 0 || range[i - 1].base + range[i - 1].size <= range[i].base);
	}
}

static bool overlap(const struct dt_range *a, const struct dt_range *b)
{
	return a->size != 0 && b->size != 0 && a->base <= b->base + (b->size - 1) &&
	       b->base <= a->base + (a->size - 1);
}

/* usable is whole pages, inside ram, clear of every reservation in force. */
static void check_usable(void)
{
	uint64_t pages = 0;

	for (uint32_t i = 0; i < dt.usables; i++) {
		const struct dt_range *usable = &dt.usable[i];
		uint32_t in = 0;

		require(usable->base % DT_PAGE == 0 && usable->size % DT_PAGE == 0);
		pages += usable->size / DT_PAGE;
		for (uint32_t r = 0; r < dt.rams; r++)
			in += usable->base >= dt.ram[r].base &&
			      usable->base + usable->size <= dt.ram[r].base + dt.ram[r].size;
		require(in == 1);
		for (uint32_t r = 0; r < dt.memreserves; r++)
			require(!overlap(usable, &dt.reserved[r]));
		for (uint32_t n = 0; n < dt.reserved_nodes; n++)
			for (uint32_t r = 0; dt.reserved_node[n].enabled && r < dt.reserved_node[n].count;
			     r++)
				require(!overlap(usable, &dt.reserved[dt.reserved_node[n].first + r]));
	}
	require(pages == dt.usable_pages);
}

static void check_texts(void)
{
	const uint8_t *end = dt.blob + dt.size;

	for (uint32_t i = 0; i < dt.harts; i++)
		for (uint32_t j = 0; j < i; j++)
			require(dt.hart[i].id != dt.hart[j].id);
	require(dt.bootargs == NULL || (const uint8_t *)dt.bootargs + strlen(dt.bootargs) < end);
	require(dt.rng_seed == NULL || dt.rng_seed + dt.rng_seed_size <= end);
	require(dt.timebase != 0 && dt.harts_enabled != 0);
}

/* Every lookup that a server may ask for. */
static void look_up(void)
{
	static const char *const wanted[] = {"ns16550a", "riscv,plic0", "virtio,mmio",
					     "syscon",   "mmio-sram",   ""};
	struct dt_device device;
	char path[64];
	uint32_t context;
	uint64_t end;

	for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
		for (uint32_t index = 0; index < 3; index++)
			if (dt_device(&dt, wanted[i], index, &device) == DT_OK)
				for (uint32_t h = 0; h < dt.harts; h++)
					(void)dt_plic_context(&dt, &device, dt.hart[h].id, &context);
	for (uint32_t phandle = 0; phandle < 8; phandle++)
		(void)dt_device_by_phandle(&dt, phandle, &device);
	for (uint32_t i = 0; i < dt.usables; i++) {
		(void)dt_numa(&dt, dt.usable[i].base, &end);
		require(end > dt.usable[i].base);
	}
	for (uint32_t i = 0; i < dt.devices && i < 16; i++)
		dt_path(&dt, dt.device[i].node, path, sizeof path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *blob = malloc(size != 0 ? size : 1);   /* exact: one byte more is seen */
	uint64_t pages;
	char path[64];

	memcpy(blob, data, size);
	if (dt_parse(&dt, blob, size) != DT_OK) {
		require(dt.fault.error != DT_OK && (dt.fault.offset <= DT_BLOB_MAX));
		dt_path(&dt, dt.fault.offset, path, sizeof path);
	} else {
		check_sorted(dt.ram, dt.rams);
		check_sorted(dt.usable, dt.usables);
		check_usable();
		check_texts();
		look_up();
		(void)dt_check(&dt, IMAGE_BASE, IMAGE_SIZE);
		pages = dt.usable_pages;
		(void)dt_remove(&dt, IMAGE_BASE + 1, IMAGE_SIZE);
		require(dt.usable_pages <= pages);
		check_usable();
	}
	free(blob);
	return 0;
}
