/*
 * dt_memory.c: which bytes are RAM, which are spoken for, which pages are left.
 *
 * Owns the tables of ranges in struct dt. Promises: ram and usable are sorted and disjoint, no byte of a
 * reservation that is written down is in usable, no range wraps. Rules: 3.4 (/memory), 3.5
 * (/reserved-memory), 5.3 (reservation block), and Linux where the specification is silent: a /memory node is
 * known by device_type alone, must be enabled, and linux,usable-memory replaces its reg.
 */
#include "dt_machine.h"

enum dt_error dt_ranges_read(struct dt *dt, struct dt_value value, uint32_t address_cells,
			     uint32_t size_cells, struct dt_table table, uint16_t *first, uint16_t *count)
{
	uint32_t stride = 4 * (address_cells + size_cells);

	*first = (uint16_t)*table.used;
	*count = 0;
	if (address_cells == 0 || size_cells == 0)
		return dt_fail(dt, DT_BAD_CELLS, value.at, "no cells for an address or a size");
	if (value.size % stride != 0)
		return dt_fail(dt, DT_BAD_REG, value.at, "reg is not whole entries of address and size");
	for (uint32_t at = value.at; at < value.at + value.size; at += stride) {
		struct dt_range *range = &table.range[*table.used];

		if (*table.used == table.most)
			return dt_fail(dt, DT_TOO_MANY, at, "more than 256 ranges");
		if (!dt_number(dt, at, address_cells, &range->base) ||
		    !dt_number(dt, at + 4 * address_cells, size_cells, &range->size))
			return dt_fail(dt, DT_BAD_CELLS, at, "a number above 64 bits");
		++*table.used;
		++*count;
	}
	return DT_OK;
}

static struct dt_table reserved_table(struct dt *dt)
{
	return (struct dt_table){dt->reserved, &dt->reserveds, DT_RANGES};
}

/* A reservation may reach the last byte, but not come round to the first. */
static enum dt_error reserved_check(struct dt *dt, uint32_t first, uint32_t offset)
{
	for (uint32_t i = first; i < dt->reserveds; i++)
		if (dt->reserved[i].size > UINT64_MAX - dt->reserved[i].base)
			return dt_fail(dt, DT_BAD_RESERVE, offset, "a reservation wraps around");
	return DT_OK;
}

enum dt_error dt_memreserve_read(struct dt *dt)
{
	uint32_t at = dt_cell(dt, 16), end = dt->size;   /* off_mem_rsvmap, checked by dt_open */

	if (at < dt->structure)
		end = dt->structure;
	if (at < dt->strings && dt->strings < end)
		end = dt->strings;
	for (; end - at >= 16; at += 16) {
		struct dt_range range = {0, 0};

		(void)dt_number(dt, at, 2, &range.base);
		(void)dt_number(dt, at + 8, 2, &range.size);
		if (range.base == 0 && range.size == 0)
			return DT_OK;
		if (dt->reserveds == DT_RANGES)
			return dt_fail(dt, DT_TOO_MANY, at, "more than 256 memory reservations");
		dt->reserved[dt->reserveds++] = range;
		dt->memreserves = dt->reserveds;
		if (reserved_check(dt, dt->reserveds - 1, at) != DT_OK)
			return dt->fault.error;
	}
	return dt_fail(dt, DT_TRUNCATED, at, "the memory reservation block has no end");
}

/* RAM has a page number, and does not wrap. */
static enum dt_error ram_check(struct dt *dt, const struct dt_memory_node *node, uint32_t offset)
{
	for (uint32_t i = node->first; i < node->first + (uint32_t)node->count; i++) {
		const struct dt_range *range = &dt->memory[i];

		if (range->size != 0 && (range->base >= DT_RAM_TOP || range->size > DT_RAM_TOP - range->base))
			return dt_fail(dt, DT_BAD_MEMORY, offset, "RAM above 2^56");
	}
	return DT_OK;
}

enum dt_error dt_memory_read(struct dt *dt, const struct dt_node *node)
{
	struct dt_table table = {dt->memory, &dt->memories, DT_RANGES};
	struct dt_memory_node *memory = &dt->memory_node[dt->memory_nodes];
	struct dt_value value;
	enum dt_error error;

	if (dt->memory_nodes == DT_MEMORY_NODES)
		return dt_fail(dt, DT_TOO_MANY, node->at, "more than 64 memory nodes");
	*memory = (struct dt_memory_node){
		.node = node->at,
		.numa = dt_u32(dt, dt_get(node, DT_P_NUMA), DT_NUMA_NONE),
		.enabled = dt_enabled(dt, node),
		.hotpluggable = dt_has(node, DT_P_HOTPLUGGABLE),
		.usable_key = dt_has(node, DT_P_USABLE_MEMORY),
	};
	value = dt_get(node, memory->usable_key ? DT_P_USABLE_MEMORY : DT_P_REG);
	error = dt_ranges_read(dt, value, dt->address_cells, dt->size_cells, table, &memory->first,
			       &memory->count);
	if (error != DT_OK)
		return error;
	dt->memory_nodes++;
	return memory->enabled ? ram_check(dt, memory, value.at) : DT_OK;
}

/* A size without reg: the system may choose the place. 3.5.2 */
static enum dt_error reserved_dynamic(struct dt *dt, const struct dt_node *node,
				      struct dt_reserved_node *reserved, uint32_t size_cells)
{
	struct dt_value size = dt_get(node, DT_P_SIZE), alignment = dt_get(node, DT_P_ALIGNMENT);

	reserved->dynamic = true;
	if (size.size != 4 * size_cells || (alignment.at != 0 && alignment.size != size.size))
		return dt_fail(dt, DT_BAD_RESERVE, node->at, "size or alignment of a wrong length");
	if (!dt_number(dt, size.at, size_cells, &reserved->size) ||
	    (alignment.at != 0 && !dt_number(dt, alignment.at, size_cells, &reserved->alignment)))
		return dt_fail(dt, DT_BAD_CELLS, size.at, "a number above 64 bits");
	return DT_OK;
}

enum dt_error dt_reserved_read(struct dt *dt, const struct dt_node *node, uint32_t address_cells,
			       uint32_t size_cells)
{
	struct dt_reserved_node *reserved = &dt->reserved_node[dt->reserved_nodes];
	struct dt_value reg = dt_get(node, DT_P_REG);
	enum dt_error error;

	if (!dt_has(node, DT_P_REG) && !dt_has(node, DT_P_SIZE))
		return DT_OK;
	if (dt->reserved_nodes == DT_RESERVED)
		return dt_fail(dt, DT_TOO_MANY, node->at, "more than 256 reserved-memory nodes");
	*reserved = (struct dt_reserved_node){
		.node = node->at,
		.enabled = !dt_is(dt, dt_get(node, DT_P_STATUS), "disabled"),
		.no_map = dt_has(node, DT_P_NO_MAP),
		.reusable = dt_has(node, DT_P_REUSABLE),
	};
	if (reg.at == 0)
		error = reserved_dynamic(dt, node, reserved, size_cells);
	else
		error = dt_ranges_read(dt, reg, address_cells, size_cells, reserved_table(dt),
				       &reserved->first, &reserved->count);
	if (error != DT_OK)
		return error;
	dt->reserved_nodes++;
	return reserved->enabled ? reserved_check(dt, reserved->first, reg.at) : DT_OK;
}

/* Puts a range into the sorted list. */
static void ram_insert(struct dt *dt, struct dt_range range)
{
	uint32_t i = dt->rams++;

	for (; i > 0 && dt->ram[i - 1].base > range.base; i--)
		dt->ram[i] = dt->ram[i - 1];
	dt->ram[i] = range;
}

/* Merges what touches or overlaps. */
static void ram_merge(struct dt *dt)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < dt->rams; i++) {
		struct dt_range *last = &dt->ram[kept - (kept > 0)], next = dt->ram[i];

		if (kept == 0 || next.base > last->base + last->size)
			dt->ram[kept++] = next;
		else if (next.base + next.size > last->base + last->size)
			last->size = next.base + next.size - last->base;
	}
	dt->rams = kept;
	for (uint32_t i = 0; i < kept; i++)
		dt->ram_bytes += dt->ram[i].size;
}

static void ram_collect(struct dt *dt)
{
	for (uint32_t n = 0; n < dt->memory_nodes; n++) {
		const struct dt_memory_node *node = &dt->memory_node[n];

		for (uint32_t i = node->first; node->enabled && i < node->first + (uint32_t)node->count; i++)
			if (dt->memory[i].size != 0)
				ram_insert(dt, dt->memory[i]);
	}
	ram_merge(dt);
}

/* usable = the whole pages of ram */
static void usable_start(struct dt *dt)
{
	for (uint32_t i = 0; i < dt->rams; i++) {
		uint64_t base = (dt->ram[i].base + DT_PAGE - 1) & -(uint64_t)DT_PAGE;
		uint64_t end = (dt->ram[i].base + dt->ram[i].size) & -(uint64_t)DT_PAGE;

		if (base >= end)
			continue;
		dt->usable[dt->usables++] = (struct dt_range){base, end - base};
		dt->usable_pages += (end - base) / DT_PAGE;
	}
}

/* Shifts usable[at ..] by one to make or close a gap at `at`. */
static void usable_shift(struct dt *dt, uint32_t at, bool make)
{
	if (make) {
		for (uint32_t i = dt->usables++; i > at; i--)
			dt->usable[i] = dt->usable[i - 1];
	} else {
		dt->usables--;
		for (uint32_t i = at; i < dt->usables; i++)
			dt->usable[i] = dt->usable[i + 1];
	}
}

enum dt_error dt_remove(struct dt *dt, uint64_t base, uint64_t size)
{
	uint64_t top = -(uint64_t)DT_PAGE, end = size > UINT64_MAX - base ? top : base + size;

	end = end > top ? top : (end + DT_PAGE - 1) & top;   /* usable ends at 2^56, far below */
	base &= top;
	for (uint32_t i = 0; size != 0 && i < dt->usables && dt->usable[i].base < end; i++) {
		struct dt_range *range = &dt->usable[i];
		uint64_t range_end = range->base + range->size;
		uint64_t from = base > range->base ? base : range->base,
			 to = end < range_end ? end : range_end;

		if (from >= to)
			continue;
		if (from > range->base && to < range_end) {
			if (dt->usables == 2 * DT_RANGES)
				return dt_fail(dt, DT_TOO_MANY, 0, "more than 512 usable ranges");
			usable_shift(dt, i + 1, true);
			dt->usable[i + 1] = (struct dt_range){to, range_end - to};
		}
		dt->usable_pages -= (to - from) / DT_PAGE;
		if (from > range->base) {
			range->size = from - range->base;
		} else if (to < range_end) {
			*range = (struct dt_range){to, range_end - to};
		} else {
			usable_shift(dt, i--, false);
		}
	}
	return DT_OK;
}

/* Every reservation counts, with or without no-map: OpenSBI's own has none. */
static enum dt_error usable_reserve(struct dt *dt)
{
	enum dt_error error = DT_OK;

	for (uint32_t i = 0; i < dt->memreserves && error == DT_OK; i++)
		error = dt_remove(dt, dt->reserved[i].base, dt->reserved[i].size);
	for (uint32_t n = 0; n < dt->reserved_nodes; n++) {
		const struct dt_reserved_node *node = &dt->reserved_node[n];

		for (uint32_t i = 0; i < node->count && node->enabled && error == DT_OK; i++)
			error = dt_remove(dt, dt->reserved[node->first + i].base,
					  dt->reserved[node->first + i].size);
	}
	return error;
}

enum dt_error dt_memory_finish(struct dt *dt)
{
	ram_collect(dt);
	if (dt->rams == 0)
		return dt_fail(dt, DT_NO_MEMORY, dt->structure, "no enabled /memory node says where");
	usable_start(dt);
	return usable_reserve(dt);
}

uint32_t dt_numa(const struct dt *dt, uint64_t at, uint64_t *end)
{
	uint32_t numa = DT_NUMA_NONE;
	bool found = false;

	*end = UINT64_MAX;
	for (uint32_t n = 0; n < dt->memory_nodes; n++) {
		const struct dt_memory_node *node = &dt->memory_node[n];

		for (uint32_t i = node->first; node->enabled && i < node->first + (uint32_t)node->count;
		     i++) {
			uint64_t from = dt->memory[i].base, to = from + dt->memory[i].size;

			if (from > at && from < *end)
				*end = from;
			if (to > at && to < *end)
				*end = to;
			if (from <= at && at < to && !found) {
				numa = node->numa;
				found = true;
			}
		}
	}
	return numa;
}
