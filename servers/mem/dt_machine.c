/*
 * dt_machine.c: the one walk over the tree, and what it says of harts, /chosen and the root.
 *
 * Owns the walk's path (dt.frame). Sends each node to the reader of its kind; a node's kind follows from its
 * place: 3.2 (root), 3.4, 3.5, 3.6 (/chosen), 3.3 (/aliases), 3.7 and 3.8 (/cpus, cpu). Must not know any
 * device.
 */
#include "dt_machine.h"

enum kind {
	KIND_OTHER,
	KIND_ROOT,
	KIND_MEMORY,
	KIND_RESERVED,
	KIND_RESERVATION,
	KIND_CPUS,
	KIND_CPU,
	KIND_CHOSEN,
	KIND_ALIASES
};

#define CELLS_MOST      4             /* #address-cells, #size-cells: larger is damage */
#define ADDRESS_DEFAULT 2             /* 2.3.5 */
#define SIZE_DEFAULT    1

/* Is there a RAM range that holds all of [base, base + size)? */
static bool ram_holds(const struct dt *dt, uint64_t base, uint64_t size)
{
	for (uint32_t i = 0; i < dt->rams; i++) {
		const struct dt_range *ram = &dt->ram[i];

		if (base >= ram->base && base - ram->base <= ram->size &&
		    size <= ram->size - (base - ram->base))
			return true;
	}
	return false;
}

/* A number of one or two cells. */
static bool number_read(const struct dt *dt, struct dt_value value, uint64_t *number)
{
	return (value.size == 4 || value.size == 8) && dt_number(dt, value.at, value.size / 4, number);
}

/* The string of a property of /chosen and the like into *text, which stays NULL when it is absent. */
static enum dt_error text_read(struct dt *dt, const struct dt_node *node, enum dt_property property,
			       const char **text)
{
	struct dt_value value = dt_get(node, property);

	*text = value.at == 0 ? NULL : dt_string(dt, value);
	if (value.at != 0 && *text == NULL)
		return dt_fail(dt, DT_BAD_STRING, value.at, "a string without its NUL");
	return DT_OK;
}

/* timebase-frequency stands in /cpus, or in the cpu nodes. 3.7, 3.8.1 */
static enum dt_error timebase_read(struct dt *dt, const struct dt_node *node)
{
	struct dt_value value = dt_get(node, DT_P_TIMEBASE);

	if (value.at == 0 || dt->timebase != 0)
		return DT_OK;
	if (!number_read(dt, value, &dt->timebase) || dt->timebase == 0)
		return dt_fail(dt, DT_BAD_TIMEBASE, value.at,
			       "timebase-frequency is zero or of a wrong size");
	return DT_OK;
}

/* Every larger MMU than Sv39 can do Sv39. */
static bool mmu_usable(const struct dt *dt, struct dt_value mmu)
{
	return dt_is(dt, mmu, "riscv,sv39") || dt_is(dt, mmu, "riscv,sv48") || dt_is(dt, mmu, "riscv,sv57");
}

static enum dt_error hart_check(struct dt *dt, const struct dt_hart *hart)
{
	for (uint32_t i = 0; i < dt->harts; i++)
		if (dt->hart[i].id == hart->id)
			return dt_fail(dt, DT_DUPLICATE, hart->node, "a hart id given twice");
	return DT_OK;
}

/* A child of /cpus with device_type "cpu". 3.8; mmu-type and riscv,isa: the RISC-V cpus binding */
static enum dt_error hart_read(struct dt *dt, const struct dt_node *node, uint32_t address_cells)
{
	struct dt_hart *hart = &dt->hart[dt->harts];
	struct dt_value reg = dt_get(node, DT_P_REG);
	enum dt_error error;

	if (dt->harts == DT_HARTS)
		return dt_fail(dt, DT_TOO_MANY, node->at, "more than 128 harts");
	*hart = (struct dt_hart){
		.node = node->at,
		.numa = dt_u32(dt, dt_get(node, DT_P_NUMA), DT_NUMA_NONE),
		.enabled = dt_enabled(dt, node),
	};
	if (address_cells == 0 || reg.size < 4 * address_cells ||
	    !dt_number(dt, reg.at, address_cells, &hart->id))
		return dt_fail(dt, DT_BAD_REG, reg.at != 0 ? reg.at : node->at,
			       "reg is missing or no hart id");
	if ((error = hart_check(dt, hart)) != DT_OK ||
	    (error = text_read(dt, node, DT_P_MMU, &hart->mmu)) != DT_OK ||
	    (error = text_read(dt, node, DT_P_ISA, &hart->isa)) != DT_OK)
		return error;
	hart->sv39 = hart->enabled && mmu_usable(dt, dt_get(node, DT_P_MMU));
	dt->harts++;
	dt->harts_enabled += hart->enabled;
	dt->harts_sv39 += hart->sv39;
	return timebase_read(dt, node);
}

/* linux,initrd-start and -end: both or none; an empty one is none. */
static enum dt_error initrd_read(struct dt *dt, const struct dt_node *node)
{
	struct dt_value from = dt_get(node, DT_P_INITRD_START), to = dt_get(node, DT_P_INITRD_END);
	uint64_t start, end;

	if (from.at == 0 && to.at == 0)
		return DT_OK;
	if (!number_read(dt, from, &start) || !number_read(dt, to, &end) || end < start)
		return dt_fail(dt, DT_BAD_INITRD, from.at != 0 ? from.at : to.at,
			       "linux,initrd-start and -end are no range");
	dt->has_initrd = end > start;
	dt->initrd = (struct dt_range){start, end - start};
	return DT_OK;
}

/* 3.6; the linux, ones and rng-seed: the chosen schema of dt-schema */
static enum dt_error chosen_read(struct dt *dt, const struct dt_node *node)
{
	struct dt_table ranges = {dt->usable_range, &dt->usable_ranges,
				  sizeof dt->usable_range / sizeof dt->usable_range[0]};
	struct dt_value seed = dt_get(node, DT_P_RNG_SEED);
	enum dt_error error;
	uint16_t first, count;

	if (seed.size != 0) {
		dt->rng_seed = dt->blob + seed.at;
		dt->rng_seed_size = seed.size;
	}
	if ((error = text_read(dt, node, DT_P_BOOTARGS, &dt->bootargs)) != DT_OK ||
	    (error = text_read(dt, node, DT_P_STDOUT, &dt->console.raw)) != DT_OK ||
	    (error = initrd_read(dt, node)) != DT_OK || !dt_has(node, DT_P_USABLE_RANGE))
		return error;
	return dt_ranges_read(dt, dt_get(node, DT_P_USABLE_RANGE), dt->address_cells, dt->size_cells, ranges,
			      &first, &count);
}

static enum kind kind_at_root(const struct dt *dt, const struct dt_node *node)
{
	if (dt_is(dt, dt_get(node, DT_P_DEVICE_TYPE), "memory"))
		return KIND_MEMORY;
	if (dt_named(dt, node, "cpus"))
		return KIND_CPUS;
	if (dt_named(dt, node, "chosen"))
		return KIND_CHOSEN;
	if (dt_named(dt, node, "aliases"))
		return KIND_ALIASES;
	return dt_named(dt, node, "reserved-memory") ? KIND_RESERVED : KIND_OTHER;
}

static enum kind kind_of(const struct dt *dt, const struct dt_node *node, enum kind parent)
{
	if (parent == KIND_ROOT)
		return kind_at_root(dt, node);
	if (parent == KIND_CPUS)
		return node->depth == 2 && dt_is(dt, dt_get(node, DT_P_DEVICE_TYPE), "cpu") ? KIND_CPU
											    : KIND_CPUS;
	if (parent == KIND_CPU || parent == KIND_MEMORY || parent == KIND_ALIASES)
		return parent;
	return parent == KIND_RESERVED || parent == KIND_RESERVATION ? KIND_RESERVATION : KIND_OTHER;
}

/* #address-cells or #size-cells of a node: one cell, at most CELLS_MOST. 2.3.5 */
static enum dt_error cells_read(struct dt *dt, const struct dt_node *node, enum dt_property property,
				uint32_t otherwise, uint8_t *cells)
{
	struct dt_value value = dt_get(node, property);
	uint32_t count = value.at == 0 ? otherwise : dt_u32(dt, value, UINT32_MAX);

	if (count > CELLS_MOST)
		return dt_fail(dt, DT_BAD_CELLS, value.at,
			       "#address-cells or #size-cells is not one number up to 4");
	*cells = (uint8_t)count;
	return DT_OK;
}

/* Puts the node on the walk's path. */
static enum dt_error frame_enter(struct dt *dt, const struct dt_node *node)
{
	struct dt_frame *frame = &dt->frame[node->depth];
	const struct dt_frame *above = node->depth == 0 ? NULL : frame - 1;
	struct dt_value ranges = dt_get(node, DT_P_RANGES);
	enum dt_error error;

	frame->node = node->at;
	frame->bus = DT_NO_BUS;
	frame->ranges = ranges.at;
	frame->ranges_size = ranges.size;
	frame->kind = above == NULL ? KIND_ROOT : (uint8_t)kind_of(dt, node, (enum kind)above->kind);
	frame->enabled = (above == NULL || above->enabled) && dt_enabled(dt, node);
	frame->interrupt_parent =
		dt_u32(dt, dt_get(node, DT_P_INTERRUPT_PARENT), above == NULL ? 0 : above->interrupt_parent);
	error = cells_read(dt, node, DT_P_ADDRESS_CELLS, ADDRESS_DEFAULT, &frame->address_cells);
	return error != DT_OK ? error
			      : cells_read(dt, node, DT_P_SIZE_CELLS, SIZE_DEFAULT, &frame->size_cells);
}

static enum dt_error root_read(struct dt *dt, const struct dt_node *node)
{
	dt->address_cells = dt->frame[0].address_cells;
	dt->size_cells = dt->frame[0].size_cells;
	dt->model = dt_string(dt, dt_get(node, DT_P_MODEL));
	dt->compatible = dt_string(dt, dt_get(node, DT_P_COMPATIBLE));
	dt->compatible_size = dt_get(node, DT_P_COMPATIBLE).size;
	return DT_OK;
}

/* Below /cpus: a hart, or its interrupt controller, which a PLIC names. */
static enum dt_error cpu_read(struct dt *dt, const struct dt_node *node)
{
	if (node->depth == 2)
		return hart_read(dt, node, dt->frame[1].address_cells);
	if (node->depth == 3 && dt_has(node, DT_P_INTERRUPT_CONTROLLER))
		dt->hart[dt->harts - 1].intc = dt_u32(dt, dt_get(node, DT_P_PHANDLE), 0);
	return DT_OK;
}

/* A node that may be a device, or hold some. */
static enum dt_error device_read(struct dt *dt, const struct dt_node *node)
{
	struct dt_value compatible = dt_get(node, DT_P_COMPATIBLE);

	if (compatible.at == 0)
		return DT_OK;
	dt_device_note(dt, node, dt->frame[node->depth].enabled);
	return dt_lists(dt, compatible.at, compatible.size, "mmio-sram") ? dt_sram_read(dt, node) : DT_OK;
}

static enum dt_error node_read(struct dt *dt, const struct dt_node *node)
{
	const struct dt_frame *frame = &dt->frame[node->depth];

	switch ((enum kind)frame->kind) {
	case KIND_ROOT:
		return root_read(dt, node);
	case KIND_MEMORY:
		return node->depth == 1 ? dt_memory_read(dt, node) : DT_OK;
	case KIND_RESERVATION:
		return node->depth == 2 ? dt_reserved_read(dt, node, dt->frame[1].address_cells,
							   dt->frame[1].size_cells)
					: DT_OK;
	case KIND_CPUS:
		return node->depth == 1 ? timebase_read(dt, node) : DT_OK;
	case KIND_CPU:
		return cpu_read(dt, node);
	case KIND_CHOSEN:
		return chosen_read(dt, node);
	case KIND_ALIASES:
		if (node->depth == 1)
			dt->aliases = node->at;
		return DT_OK;
	case KIND_RESERVED:
		return DT_OK;
	case KIND_OTHER:
		break;
	}
	return device_read(dt, node);
}

static enum dt_error tree_read(struct dt *dt)
{
	struct dt_walk walk;
	struct dt_node node;
	enum dt_error error;

	dt_walk_start(&walk, dt);
	while ((error = dt_walk_next(&walk, &node)) == DT_OK && node.at != 0) {
		dt->nodes++;
		if ((error = frame_enter(dt, &node)) != DT_OK || (error = node_read(dt, &node)) != DT_OK)
			return error;
	}
	return error;
}

/* What can be told only when all nodes are read. */
static enum dt_error machine_finish(struct dt *dt)
{
	enum dt_error error = dt_memory_finish(dt);

	if (error != DT_OK)
		return error;
	if (dt->harts_enabled == 0)
		return dt_fail(dt, DT_NO_CPU, dt->structure, "no enabled cpu node");
	if (dt->timebase == 0)
		return dt_fail(dt, DT_BAD_TIMEBASE, dt->structure,
			       "no timebase-frequency in /cpus or a cpu node");
	if (dt->has_initrd && !ram_holds(dt, dt->initrd.base, dt->initrd.size))
		return dt_fail(dt, DT_BAD_INITRD, dt->structure, "the initrd is outside RAM");
	dt_stdout_find(dt);
	return DT_OK;
}

/* Sets every counter to none; the tables need no clearing. */
static void machine_clear(struct dt *dt)
{
	dt->fault = (struct dt_fault){DT_OK, 0, "none"};
	dt->rams = dt->usables = dt->memories = dt->reserveds = dt->memreserves = 0;
	dt->memory_nodes = dt->reserved_nodes = dt->srams = dt->harts = dt->harts_enabled = dt->harts_sv39 =
		0;
	dt->ram_bytes = dt->usable_pages = dt->timebase = 0;
	dt->bootargs = dt->model = dt->compatible = NULL;
	dt->rng_seed = NULL;
	dt->rng_seed_size = dt->usable_ranges = dt->nodes = dt->devices = dt->buses = 0;
	dt->aliases = 0;
	dt->has_initrd = dt->devices_left_out = false;
	memset(&dt->console, 0, sizeof dt->console);
}

enum dt_error dt_parse(struct dt *dt, const void *blob, size_t present)
{
	enum dt_error error;

	machine_clear(dt);
	if ((error = dt_open(dt, blob, present)) != DT_OK || (error = dt_memreserve_read(dt)) != DT_OK ||
	    (error = tree_read(dt)) != DT_OK)
		return error;
	return machine_finish(dt);
}

enum dt_error dt_check(struct dt *dt, uint64_t image, uint64_t size)
{
	if (dt->usable_pages < DT_USABLE_LEAST)
		return dt_fail(dt, DT_NO_MEMORY, dt->structure, "too few usable pages to start a system");
	for (uint32_t i = 0; i < dt->rams; i++) {
		const struct dt_range *ram = &dt->ram[i];

		if (image < ram->base + ram->size && ram->base < image + size && !ram_holds(dt, image, size))
			return dt_fail(dt, DT_NO_MEMORY, dt->structure,
				       "RAM begins or ends inside the kernel image");
	}
	for (uint32_t i = 0; i < dt->devices; i++)
		if (dt_device_in_memory(dt, i))
			return dt_fail(dt, DT_BAD_MEMORY, dt->device[i].node, "RAM covers this device");
	return DT_OK;
}
