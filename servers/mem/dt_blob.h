/*
 * dt_blob.h: the bounded walker over a flattened device tree. Between the dt_*.c files only.
 *
 * Promises that whatever it hands out (names, property values) lies inside the blob, and that a string it
 * calls a string has its NUL. Knows the format (chapter 5), not what any property means.
 */
#ifndef MEM_DT_BLOB_H
#define MEM_DT_BLOB_H

#include "dt.h"

/* The C library's, or the memory server's own: all that is wanted of one. */
void *memset(void *to, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *text);

/* The properties that anybody here reads. */
#define DT_PROPERTIES(X) \
	X(ADDRESS_CELLS, "#address-cells") X(SIZE_CELLS, "#size-cells") X(COMPATIBLE, "compatible") \
	X(REG, "reg") X(RANGES, "ranges") X(STATUS, "status") X(DEVICE_TYPE, "device_type") \
	X(PHANDLE, "phandle") \
	X(INTERRUPTS, "interrupts") X(INTERRUPTS_EXTENDED, "interrupts-extended") \
	X(INTERRUPT_PARENT, "interrupt-parent") X(INTERRUPT_CONTROLLER, "interrupt-controller") \
	X(NUMA, "numa-node-id") X(HOTPLUGGABLE, "hotpluggable") X(USABLE_MEMORY, "linux,usable-memory") \
	X(NO_MAP, "no-map") X(REUSABLE, "reusable") X(SIZE, "size") X(ALIGNMENT, "alignment") \
	X(TIMEBASE, "timebase-frequency") X(MMU, "mmu-type") X(ISA, "riscv,isa") X(MODEL, "model") \
	X(BOOTARGS, "bootargs") X(INITRD_START, "linux,initrd-start") X(INITRD_END, "linux,initrd-end") \
	X(RNG_SEED, "rng-seed") X(STDOUT, "stdout-path") X(USABLE_RANGE, "linux,usable-memory-range") \
	X(REG_SHIFT, "reg-shift") X(REG_IO_WIDTH, "reg-io-width") X(CLOCK_FREQUENCY, "clock-frequency")

enum dt_property {
#define X(name, text) DT_P_##name,
	DT_PROPERTIES(X)
#undef X
	DT_P_COUNT,
	DT_P_OTHER = DT_P_COUNT,
};

struct dt_value {
	uint32_t at, size;            /* in the blob; at is never 0 for a property that is there */
};

struct dt_node {
	uint32_t at;                  /* its FDT_BEGIN_NODE; 0: the walk is over */
	uint32_t depth;               /* root 0 */
	uint32_t name, name_size;
	uint64_t present;             /* bits of enum dt_property */
	struct dt_value value[DT_P_COUNT];   /* only those present */
};

#define DT_NAME_CACHE 64              /* recently met property names, by offset */

struct dt_walk {
	struct dt *dt;
	uint32_t at;                  /* next token */
	uint32_t open;                /* nodes begun and not ended */
	bool rooted;                  /* the root has begun */
	uint32_t name_at[DT_NAME_CACHE];     /* offset + 1, 0 free */
	uint8_t name_is[DT_NAME_CACHE];
};

/* Checks the header and the blocks' places; fills dt->blob, size, boot_hart and the blocks. */
enum dt_error dt_open(struct dt *dt, const void *blob, size_t present);

/* A walk in tree order from the root. dt is open. */
void dt_walk_start(struct dt_walk *walk, struct dt *dt);

/* The next node with its properties; node->at == 0 after the last. Errors are in dt->fault too. */
enum dt_error dt_walk_next(struct dt_walk *walk, struct dt_node *node);

/* The node at `at`, which a walk has given, with its properties; depth is not told. */
void dt_node_at(const struct dt *dt, uint32_t at, struct dt_node *node);

/*
 * The next property of any name of a node whose FDT_BEGIN_NODE a walk has passed. *at: 0 at first; then kept
 * by the caller. False after the last.
 */
bool dt_property_next(const struct dt *dt, uint32_t node, uint32_t *at, const char **name,
		      struct dt_value *value);

/* Records why and returns error. */
enum dt_error dt_fail(struct dt *dt, enum dt_error error, uint32_t offset, const char *what);

static inline uint32_t dt_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint32_t dt_cell(const struct dt *dt, uint32_t at)
{
	return dt_be32(dt->blob + at);
}

static inline bool dt_has(const struct dt_node *node, enum dt_property property)
{
	return node->present >> property & 1;
}

/* The value, or size 0 at 0 when it is not there. */
static inline struct dt_value dt_get(const struct dt_node *node, enum dt_property property)
{
	return dt_has(node, property) ? node->value[property] : (struct dt_value){0, 0};
}

/* `cells` cells at `at` as a number; false when it does not fit 64 bits. 2.2.4.2 */
bool dt_number(const struct dt *dt, uint32_t at, uint32_t cells, uint64_t *number);

/* A value of one cell, or `otherwise` when it is absent or of another size. */
uint32_t dt_u32(const struct dt *dt, struct dt_value value, uint32_t otherwise);

/* The first string of a value, NULL when the value holds no NUL. */
const char *dt_string(const struct dt *dt, struct dt_value value);

/* The value is exactly this one string with its NUL. */
bool dt_is(const struct dt *dt, struct dt_value value, const char *text);

/* `text` is one of the strings of a list. 2.2.4 */
bool dt_lists(const struct dt *dt, uint32_t at, uint32_t size, const char *text);

/* status is absent, "okay" or "ok". 2.3.4 */
bool dt_enabled(const struct dt *dt, const struct dt_node *node);

/* The node's name is `name`. */
bool dt_named(const struct dt *dt, const struct dt_node *node, const char *name);

#endif
