/*
 * dt.h: the device tree as the memory server wants it.
 *
 * Owns nothing: the caller gives the blob (a private copy: nobody changes it while it is in use) and one
 * `struct dt`, and both live as long as anything is asked of them. No allocation, no recursion, no access
 * outside [blob, blob + totalsize). The tree is walked once, in dt_parse; lookups read the tables made then.
 * Every table has its limit here; a tree that needs more is refused with DT_TOO_MANY, never cut short.
 *
 * Sections are those of the Devicetree Specification, release v0.4.
 */
#ifndef MEM_DT_H
#define MEM_DT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DT_HEADER_SIZE  40            /* 5.2: bytes that dt_header wants */
#define DT_BLOB_MAX     (2u << 20)    /* largest blob read */
#define DT_DEPTH_MAX    128           /* nodes inside nodes */
#define DT_PAGE         4096u
#define DT_RAM_TOP      (1ull << 56)  /* Sv39: 44-bit page numbers */
#define DT_USABLE_LEAST 64            /* pages below which no system can start */

#define DT_RANGES       256           /* entries in all of: memory nodes, and likewise the reservations */
#define DT_MEMORY_NODES 64
#define DT_RESERVED     256           /* nodes in /reserved-memory, size-only ones included */
#define DT_SRAMS        16
#define DT_HARTS        128
#define DT_DEVICES      512           /* nodes with `compatible`; only a lookup that meets the limit fails */
#define DT_BUSES        64            /* nodes that hold devices; likewise */
#define DT_REGISTERS    4             /* reg entries given in struct dt_device */
#define DT_NUMA_NONE    UINT32_MAX
#define DT_NO_ADDRESS   UINT64_MAX

/* number, name as in messages, text */
#define DT_ERRORS(X) \
	X(TRUNCATED,     "truncated",     "the blob ends too early") \
	X(BAD_MAGIC,     "bad-magic",     "not a flattened device tree") \
	X(TOO_BIG,       "too-big",       "larger than 2 MiB") \
	X(BAD_VERSION,   "bad-version",   "not readable as version 17") \
	X(UNALIGNED,     "unaligned",     "a block is not aligned") \
	X(BAD_LAYOUT,    "bad-layout",    "a block lies outside the blob or on another") \
	X(BAD_STRUCTURE, "bad-structure", "tokens out of order") \
	X(BAD_PROPERTY,  "bad-property",  "a property reaches outside the structure block") \
	X(BAD_STRING,    "bad-string",    "a string is outside its block or not terminated") \
	X(BAD_NAME,      "bad-name",      "an empty or unprintable name") \
	X(TOO_DEEP,      "too-deep",      "more than 128 nodes inside each other") \
	X(DUPLICATE,     "duplicate",     "given twice") \
	X(BAD_CELLS,     "bad-cells",     "#address-cells or #size-cells that cannot be used here") \
	X(BAD_REG,       "bad-reg",       "reg is missing or not whole entries") \
	X(BAD_MEMORY,    "bad-memory",    "memory that cannot be there") \
	X(NO_MEMORY,     "no-memory",     "no memory to run in") \
	X(BAD_RESERVE,   "bad-reserve",   "a reservation that cannot be there") \
	X(TOO_MANY,      "too-many",      "more than the parser has room for") \
	X(NO_CPU,        "no-cpu",        "no hart that could run") \
	X(BAD_TIMEBASE,  "bad-timebase",  "timebase-frequency is missing, zero or of a wrong size") \
	X(BAD_INITRD,    "bad-initrd",    "the initrd is no range of RAM") \
	X(BAD_RANGES,    "bad-ranges",    "no translation to a CPU address") \
	X(BAD_INTERRUPT, "bad-interrupt", "interrupts that cannot be read") \
	X(NOT_FOUND,     "not-found",     "no such device")

enum dt_error {
	DT_OK,
#define X(name, word, text) DT_##name,
	DT_ERRORS(X)
#undef X
};

struct dt_range {
	uint64_t base, size;          /* bytes */
};

/* A /memory node, raw: ranges[first .. first + count) of dt.memory. 3.4 */
struct dt_memory_node {
	uint32_t node;                /* offset of the node in the blob, for dt_path */
	uint32_t numa;                /* numa-node-id or DT_NUMA_NONE */
	uint16_t first, count;
	bool enabled, hotpluggable, usable_key; /* usable_key: from linux,usable-memory, which replaces reg */
};

/* A child of /reserved-memory, raw: ranges[first .. first + count) of dt.reserved; dynamic: it has
 * a size and no place yet. 3.5 */
struct dt_reserved_node {
	uint32_t node;
	uint16_t first, count;
	bool enabled, no_map, reusable, dynamic;
	uint64_t size, alignment;     /* dynamic only */
};

struct dt_sram {                      /* compatible "mmio-sram" */
	uint32_t node;
	bool enabled;
	uint64_t base, size;          /* DT_NO_ADDRESS when it has no CPU address */
};

struct dt_hart {                      /* 3.8 */
	uint64_t id;                  /* reg: the hart id */
	uint32_t node;
	uint32_t numa;
	uint32_t intc;                /* phandle of its riscv,cpu-intc, 0 none */
	bool enabled;
	bool sv39;                    /* enabled, and mmu-type is riscv,sv39 or larger */
	const char *mmu, *isa;        /* in the blob, NULL when absent */
};

/* A node with `compatible`, as indexed; offsets into the blob. Private to dt_*.c. */
struct dt_entry {
	uint32_t node, compatible, compatible_size;
	uint32_t interrupt_parent;    /* phandle, own or inherited; 0 none */
	uint32_t phandle;
	uint16_t bus;                 /* its parent */
	bool enabled;                 /* it and all above it */
	bool interrupts;              /* makes or routes interrupts */
};

/* A node with devices below it, as they see it. Private to dt_*.c. 2.3.5, 2.3.8 */
struct dt_bus {
	uint32_t node, ranges, ranges_size;  /* ranges 0: none, no way up */
	uint16_t parent;              /* index; the root is its own */
	uint8_t address_cells, size_cells;
};

/* A node the walk is inside of. Private to dt_*.c. */
struct dt_frame {
	uint32_t node, ranges, ranges_size, interrupt_parent;
	uint16_t bus;                 /* index in dt.bus, or DT_NO_BUS while no device is below it */
	uint8_t kind, address_cells, size_cells;
	bool enabled;
};
#define DT_NO_BUS UINT16_MAX

struct dt_device {
	struct dt_range reg[DT_REGISTERS];   /* CPU physical */
	uint32_t regs;                /* filled entries of reg */
	uint32_t irq;                 /* first cell of its first interrupt, 0 none */
	uint32_t irq_parent;          /* phandle of the interrupt controller, 0 none */
	uint32_t phandle;             /* its own, 0 none */
	uint32_t node;                /* offset in the blob, for dt_path */
	const char *compatible;       /* first of its list, in the blob; NULL when that is no string */
	uint32_t compatible_size;     /* bytes of the list */
	uint32_t reg_shift, reg_io_width, clock_frequency;  /* 0, 1, 0 when absent */
};

struct dt_stdout {                    /* 3.6, /chosen stdout-path */
	const char *raw;              /* the property, NULL when absent */
	const char *options;          /* behind the ':', NULL none */
	bool found;                   /* it names a node */
	bool enabled;
	bool addressed;               /* device.reg[0] is a CPU address */
	struct dt_device device;
};

struct dt_fault {                     /* why dt_parse said no */
	enum dt_error error;
	uint32_t offset;              /* in the blob */
	const char *what;             /* in words; static text */
};

struct dt {
	const uint8_t *blob;
	uint32_t size;                /* totalsize */
	struct dt_fault fault;

	/* memory: sorted, disjoint */
	struct dt_range ram[DT_RANGES];      /* to the byte */
	struct dt_range usable[2 * DT_RANGES];  /* whole pages: ram less every reservation */
	uint32_t rams, usables;
	uint64_t ram_bytes, usable_pages;

	/* as written in the tree */
	struct dt_range memory[DT_RANGES];
	struct dt_range reserved[DT_RANGES]; /* the block's first, then the nodes' */
	uint32_t memories, reserveds;
	uint32_t memreserves;         /* so many of reserved[] are the memory reservation block's. 5.3 */
	struct dt_memory_node memory_node[DT_MEMORY_NODES];
	uint32_t memory_nodes;
	struct dt_reserved_node reserved_node[DT_RESERVED];
	uint32_t reserved_nodes;
	struct dt_sram sram[DT_SRAMS];
	uint32_t srams;

	/* harts */
	struct dt_hart hart[DT_HARTS];
	uint32_t harts, harts_enabled, harts_sv39;
	uint64_t timebase;            /* ticks per second */
	uint32_t boot_hart;           /* boot_cpuid_phys */

	/* chosen: in the blob, NULL or 0 when absent */
	const char *bootargs;
	const uint8_t *rng_seed;
	uint32_t rng_seed_size;
	bool has_initrd;
	struct dt_range initrd;       /* inside RAM */
	struct dt_range usable_range[4];     /* linux,usable-memory-range: reported, not applied */
	uint32_t usable_ranges;
	struct dt_stdout console;

	/* root */
	const char *model, *compatible;      /* compatible: the first of its list, of compatible_size bytes */
	uint32_t compatible_size;
	uint32_t address_cells, size_cells, nodes;

	/* private to dt_*.c: the blocks, the index of devices, the walk's path */
	uint32_t structure, structure_end, strings, strings_end;
	struct dt_entry device[DT_DEVICES];
	struct dt_bus bus[DT_BUSES];
	uint32_t devices, buses;
	bool devices_left_out;
	uint32_t aliases;             /* node /aliases, 0 none */
	struct dt_frame frame[DT_DEPTH_MAX];
};

/*
 * What the first DT_HEADER_SIZE bytes say: sets *size to totalsize (DT_HEADER_SIZE .. DT_BLOB_MAX).
 * 0, or TRUNCATED, BAD_MAGIC, TOO_BIG, BAD_VERSION. 5.2
 */
enum dt_error dt_header(const void *header, size_t present, uint32_t *size);

/*
 * Reads the whole tree into *dt (which needs no initialising). `present`: bytes that may be read, at least
 * totalsize. blob: any alignment. 0, or the error, with dt->fault telling where; the tables are then not to
 * be used.
 */
enum dt_error dt_parse(struct dt *dt, const void *blob, size_t present);

/*
 * Can a system start from this tree? NO_MEMORY when fewer than DT_USABLE_LEAST pages are usable or when RAM
 * ends or begins inside the kernel image [image, image + size); BAD_MEMORY when a device lies in usable
 * memory. After dt_parse. An image wholly outside RAM is allowed. Size 0: no image.
 */
enum dt_error dt_check(struct dt *dt, uint64_t image, uint64_t size);

/*
 * Takes [base, base + size), grown to whole pages, out of dt->usable (the image, the blob, the archive).
 * 0 or TOO_MANY.
 */
enum dt_error dt_remove(struct dt *dt, uint64_t base, uint64_t size);

/* The NUMA id of RAM at `at`, DT_NUMA_NONE if not told; *end: the first address above where it may change. */
uint32_t dt_numa(const struct dt *dt, uint64_t at, uint64_t *end);

/*
 * The index-th enabled device (in the tree's order) with `compatible` anywhere in its list. 0; NOT_FOUND;
 * BAD_RANGES when its registers have no CPU address; BAD_REG; BAD_INTERRUPT; TOO_MANY when it may be one of
 * those that had no place in the index. A device without reg is found with regs = 0.
 */
enum dt_error dt_device(const struct dt *dt, const char *compatible, uint32_t index, struct dt_device *found);

/* The enabled device with this phandle (the controller of an irq_parent); errors as dt_device. */
enum dt_error dt_device_by_phandle(const struct dt *dt, uint32_t phandle, struct dt_device *found);

/*
 * The context number of a hart's S mode (interrupt 9 of its cpu-intc) in a PLIC: the place in the PLIC's
 * interrupts-extended. 0, NOT_FOUND, BAD_INTERRUPT.
 */
enum dt_error dt_plic_context(const struct dt *dt, const struct dt_device *plic, uint64_t hart,
			      uint32_t *context);

/* The word ("bad-reg") and the sentence of an error. */
const char *dt_error_name(enum dt_error error);
const char *dt_error_text(enum dt_error error);

/*
 * The path of the node at or around offset, as text with unprintable bytes as '?', cut to `size` (at least 2)
 * with the NUL; empty when that is outside the structure block. Walks the tree again: for messages. Works on
 * refused blobs too.
 */
void dt_path(const struct dt *dt, uint32_t offset, char *path, size_t size);

#endif
