/*
 * dt_machine.h: what the readers of single kinds of nodes give the walk. Between the dt_*.c files only.
 */
#ifndef MEM_DT_MACHINE_H
#define MEM_DT_MACHINE_H

#include "dt_blob.h"

struct dt_table {                     /* where ranges go: range[0 .. *used), of at most `most` */
	struct dt_range *range;
	uint32_t *used;
	uint32_t most;
};

/* Appends value's entries of address_cells + size_cells to table; *first and *count tell which. */
enum dt_error dt_ranges_read(struct dt *dt, struct dt_value value, uint32_t address_cells,
			     uint32_t size_cells, struct dt_table table, uint16_t *first, uint16_t *count);

/* The memory reservation block. 5.3 */
enum dt_error dt_memreserve_read(struct dt *dt);

/* A child of the root with device_type "memory". 3.4 */
enum dt_error dt_memory_read(struct dt *dt, const struct dt_node *node);

/* A child of /reserved-memory, whose cells are given. 3.5 */
enum dt_error dt_reserved_read(struct dt *dt, const struct dt_node *node, uint32_t address_cells,
			       uint32_t size_cells);

/* ram and usable from what was read. */
enum dt_error dt_memory_finish(struct dt *dt);

/* Notes a node with `compatible`, the innermost of dt->frame. */
void dt_device_note(struct dt *dt, const struct dt_node *node, bool enabled);

/* A node compatible with "mmio-sram", noted just before. */
enum dt_error dt_sram_read(struct dt *dt, const struct dt_node *node);

/* Resolves /chosen stdout-path (dt->console.raw) into dt->console; what cannot be found stays so. 3.6 */
void dt_stdout_find(struct dt *dt);

/* The index-th noted device lies in usable memory though it does what memory does not. */
bool dt_device_in_memory(const struct dt *dt, uint32_t index);

#endif
