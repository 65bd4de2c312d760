/*
 * dt_device.c: devices: the index made during the walk, translation of their registers, interrupts, stdout.
 *
 * Owns dt.device and dt.bus. Promises that a lookup reads the index and the one node found, never the tree;
 * and that an address it gives is a CPU physical one. Rules: 2.3.1 (compatible), 2.3.6 (reg), 2.3.8
 * (ranges), 2.4 (interrupts), 3.3 (aliases), 3.6 (stdout-path); PLIC contexts: the sifive,plic-1.0.0 binding.
 * Must not know any device's registers.
 */
#include "dt_machine.h"

#define SUPERVISOR_EXTERNAL 9         /* interrupt of a hart's cpu-intc */

/* The index in dt.bus of frame `depth`, made with all above it if missing; DT_NO_BUS: no room. */
static uint16_t bus_of(struct dt *dt, uint32_t depth)
{
	uint16_t above = 0;

	for (uint32_t i = 0; i <= depth; i++) {
		struct dt_frame *frame = &dt->frame[i];

		if (frame->bus == DT_NO_BUS) {
			if (dt->buses == DT_BUSES)
				return DT_NO_BUS;
			dt->bus[dt->buses] = (struct dt_bus){
				.node = frame->node,
				.ranges = frame->ranges,
				.ranges_size = frame->ranges_size,
				.parent = above,
				.address_cells = frame->address_cells,
				.size_cells = frame->size_cells,
			};
			frame->bus = (uint16_t)dt->buses++;
		}
		above = frame->bus;
	}
	return above;
}

void dt_device_note(struct dt *dt, const struct dt_node *node, bool enabled)
{
	struct dt_entry *entry = &dt->device[dt->devices];
	uint16_t bus = dt->devices < DT_DEVICES ? bus_of(dt, node->depth - 1) : DT_NO_BUS;

	if (bus == DT_NO_BUS) {
		dt->devices_left_out = true;
		return;
	}
	dt->devices++;
	entry->node = node->at;
	entry->compatible = node->value[DT_P_COMPATIBLE].at;
	entry->compatible_size = node->value[DT_P_COMPATIBLE].size;
	entry->interrupt_parent = dt->frame[node->depth].interrupt_parent;
	entry->phandle = dt_u32(dt, dt_get(node, DT_P_PHANDLE), 0);
	entry->bus = bus;
	entry->enabled = enabled;
	entry->interrupts = (node->present & (1ull << DT_P_INTERRUPTS | 1ull << DT_P_INTERRUPTS_EXTENDED |
	                                      1ull << DT_P_INTERRUPT_CONTROLLER)) != 0;
}

/* The entry of a bus's ranges that holds [*base, + size): moves *base to the parent's addresses. 2.3.8 */
static bool bus_entry_apply(const struct dt *dt, const struct dt_bus *bus, uint32_t at, uint64_t *base,
			    uint64_t size)
{
	uint32_t parent_cells = dt->bus[bus->parent].address_cells;
	uint64_t child, parent, length;

	if (!dt_number(dt, at, bus->address_cells, &child) ||
	    !dt_number(dt, at + 4 * bus->address_cells, parent_cells, &parent) ||
	    !dt_number(dt, at + 4 * (bus->address_cells + parent_cells), bus->size_cells, &length))
		return false;
	if (*base < child || *base - child > length || size > length - (*base - child) ||
	    parent > UINT64_MAX - length)
		return false;
	*base = parent + (*base - child);
	return true;
}

/* From the addresses inside a bus to those of its parent. */
static bool bus_climb(const struct dt *dt, const struct dt_bus *bus, uint64_t *base, uint64_t size)
{
	uint32_t stride = 4 * (bus->address_cells + dt->bus[bus->parent].address_cells + bus->size_cells);

	if (bus->ranges == 0)
		return false;
	if (bus->ranges_size == 0)
		return true;
	if (stride == 0 || bus->ranges_size % stride != 0)
		return false;
	for (uint32_t i = 0; i < bus->ranges_size; i += stride)
		if (bus_entry_apply(dt, bus, bus->ranges + i, base, size))
			return true;
	return false;
}

/* To a CPU physical address, through every bus above. */
static bool translate(const struct dt *dt, uint32_t index, struct dt_range *range)
{
	for (; index != 0; index = dt->bus[index].parent)
		if (!bus_climb(dt, &dt->bus[index], &range->base, range->size))
			return false;
	return range->size <= UINT64_MAX - range->base;
}

/* Up to DT_REGISTERS entries of reg, translated. 2.3.6 */
static enum dt_error registers_read(const struct dt *dt, const struct dt_entry *entry, struct dt_value reg,
				    struct dt_device *device)
{
	const struct dt_bus *bus = &dt->bus[entry->bus];
	uint32_t stride = 4 * (bus->address_cells + bus->size_cells);

	if (reg.size == 0)
		return DT_OK;
	if (bus->address_cells == 0 || reg.size % stride != 0)
		return DT_BAD_REG;
	for (uint32_t i = 0; i < reg.size / stride && i < DT_REGISTERS; i++) {
		struct dt_range *range = &device->reg[i];
		uint32_t at = reg.at + i * stride;

		if (!dt_number(dt, at, bus->address_cells, &range->base) ||
		    !dt_number(dt, at + 4 * bus->address_cells, bus->size_cells, &range->size))
			return DT_BAD_REG;
		if (!translate(dt, entry->bus, range))
			return DT_BAD_RANGES;
		device->regs++;
	}
	return DT_OK;
}

/* The first interrupt: of interrupts-extended {phandle, cells}, else of interrupts with the parent. 2.4.1 */
static enum dt_error interrupt_read(const struct dt *dt, const struct dt_entry *entry,
				    const struct dt_node *node, struct dt_device *device)
{
	struct dt_value extended = dt_get(node, DT_P_INTERRUPTS_EXTENDED),
			own = dt_get(node, DT_P_INTERRUPTS);

	if (extended.at == 0 && own.at == 0)
		return DT_OK;
	if (extended.at == 0 ? own.size < 4 : extended.size < 8)
		return DT_BAD_INTERRUPT;
	device->irq_parent = extended.at == 0 ? entry->interrupt_parent : dt_cell(dt, extended.at);
	device->irq = dt_cell(dt, extended.at == 0 ? own.at : extended.at + 4);
	return DT_OK;
}

static enum dt_error entry_read(const struct dt *dt, const struct dt_entry *entry, struct dt_device *device)
{
	struct dt_node node;
	enum dt_error error;

	dt_node_at(dt, entry->node, &node);
	memset(device, 0, sizeof *device);
	device->node = entry->node;
	device->phandle = entry->phandle;
	device->compatible = dt_string(dt, dt_get(&node, DT_P_COMPATIBLE));
	device->compatible_size = entry->compatible_size;
	device->reg_shift = dt_u32(dt, dt_get(&node, DT_P_REG_SHIFT), 0);
	device->reg_io_width = dt_u32(dt, dt_get(&node, DT_P_REG_IO_WIDTH), 1);
	device->clock_frequency = dt_u32(dt, dt_get(&node, DT_P_CLOCK_FREQUENCY), 0);
	error = interrupt_read(dt, entry, &node, device);
	return error != DT_OK ? error : registers_read(dt, entry, dt_get(&node, DT_P_REG), device);
}

static enum dt_error not_found(const struct dt *dt)
{
	return dt->devices_left_out ? DT_TOO_MANY : DT_NOT_FOUND;
}

enum dt_error dt_device(const struct dt *dt, const char *compatible, uint32_t index, struct dt_device *found)
{
	for (uint32_t i = 0; i < dt->devices; i++) {
		const struct dt_entry *entry = &dt->device[i];

		if (entry->enabled && dt_lists(dt, entry->compatible, entry->compatible_size, compatible) &&
		    index-- == 0)
			return entry_read(dt, entry, found);
	}
	return not_found(dt);
}

enum dt_error dt_device_by_phandle(const struct dt *dt, uint32_t phandle, struct dt_device *found)
{
	for (uint32_t i = 0; phandle != 0 && i < dt->devices; i++)
		if (dt->device[i].enabled && dt->device[i].phandle == phandle)
			return entry_read(dt, &dt->device[i], found);
	return not_found(dt);
}

enum dt_error dt_plic_context(const struct dt *dt, const struct dt_device *plic, uint64_t hart,
			      uint32_t *context)
{
	struct dt_value lines;
	struct dt_node node;
	uint32_t intc = 0;

	for (uint32_t i = 0; i < dt->harts; i++)
		if (dt->hart[i].id == hart)
			intc = dt->hart[i].intc;
	dt_node_at(dt, plic->node, &node);
	lines = dt_get(&node, DT_P_INTERRUPTS_EXTENDED);
	if (lines.size % 8 != 0)                       /* a cpu-intc has #interrupt-cells 1 */
		return DT_BAD_INTERRUPT;
	for (uint32_t i = 0; intc != 0 && i < lines.size / 8; i++) {
		if (dt_cell(dt, lines.at + 8 * i) != intc ||
		    dt_cell(dt, lines.at + 8 * i + 4) != SUPERVISOR_EXTERNAL)
			continue;
		*context = i;
		return DT_OK;
	}
	return DT_NOT_FOUND;
}

enum dt_error dt_sram_read(struct dt *dt, const struct dt_node *node)
{
	const struct dt_entry *entry = &dt->device[dt->devices - 1];
	struct dt_device device;

	if (dt->devices_left_out || dt->srams == DT_SRAMS)
		return dt_fail(dt, DT_TOO_MANY, node->at,
			       "more than 16 mmio-sram nodes, or no room to note one");
	if (entry_read(dt, entry, &device) != DT_OK)
		device.regs = 0;
	dt->sram[dt->srams++] = (struct dt_sram){
		.node = node->at,
		.enabled = entry->enabled,
		.base = device.regs > 0 ? device.reg[0].base : DT_NO_ADDRESS,
		.size = device.regs > 0 ? device.reg[0].size : 0,
	};
	return DT_OK;
}

/* One component of a path names a node: wholly, or without the unit address. 2.2.3 */
static bool component_is(const struct dt *dt, uint32_t node, const char *part, uint32_t size)
{
	const char *name = (const char *)dt->blob + node + 4;
	uint32_t length = (uint32_t)strlen(name);

	return length >= size && memcmp(name, part, size) == 0 && (length == size || name[size] == '@');
}

/* The path is that of this device: compared from its end upwards. */
static bool path_is(const struct dt *dt, const struct dt_entry *entry, const char *path, uint32_t size)
{
	uint32_t node = entry->node, bus = entry->bus;

	for (;;) {
		uint32_t start = size;

		while (start > 0 && path[start - 1] != '/')
			start--;
		if (start == 0 || start == size || !component_is(dt, node, path + start, size - start))
			return false;
		size = start - 1;
		if (bus == 0 || size == 0)
			return bus == 0 && size == 0;
		node = dt->bus[bus].node;
		bus = dt->bus[bus].parent;
	}
}

/* Replaces an alias by its path; false when there is none. An alias never leads to an alias. 3.3 */
static bool alias_follow(const struct dt *dt, const char **path, uint32_t *size)
{
	struct dt_value value;
	const char *name;
	uint32_t at = 0;

	while (dt->aliases != 0 && dt_property_next(dt, dt->aliases, &at, &name, &value)) {
		const char *text = dt_string(dt, value);

		if (strlen(name) != *size || memcmp(name, *path, *size) != 0 || text == NULL ||
		    text[0] != '/')
			continue;
		*path = text;
		*size = (uint32_t)strlen(text);
		return true;
	}
	return false;
}

void dt_stdout_find(struct dt *dt)
{
	struct dt_stdout *console = &dt->console;
	const char *path = console->raw;
	uint32_t size = 0;

	if (path == NULL)
		return;
	while (path[size] != 0 && path[size] != ':')
		size++;
	if (path[size] == ':')
		console->options = path + size + 1;
	if (path[0] != '/' && !alias_follow(dt, &path, &size))
		return;
	for (uint32_t i = 0; i < dt->devices; i++) {
		const struct dt_entry *entry = &dt->device[i];

		if (!path_is(dt, entry, path, size))
			continue;
		console->found = true;
		console->enabled = entry->enabled;
		console->addressed =
			entry_read(dt, entry, &console->device) == DT_OK && console->device.regs > 0;
		return;
	}
}

bool dt_device_in_memory(const struct dt *dt, uint32_t index)
{
	const struct dt_entry *entry = &dt->device[index];
	struct dt_device device;
	bool console = dt->console.found && dt->console.device.node == entry->node;

	if (!entry->enabled || !(entry->interrupts || console) || entry_read(dt, entry, &device) != DT_OK)
		return false;
	for (uint32_t r = 0; r < device.regs; r++)
		for (uint32_t i = 0; i < dt->usables; i++)
			if (device.reg[r].base < dt->usable[i].base + dt->usable[i].size &&
			    dt->usable[i].base < device.reg[r].base + device.reg[r].size)
				return true;
	return false;
}
