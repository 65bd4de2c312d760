/*
 * main.c: from power-on to the root server's first instruction: the kernel's page tables, the first
 * CNode with System, the world and the stock, the root server's space and thread. Also: panic.
 */
#include "cap.h"
#include "debug.h"
#include "kernel.h"
#include "riscv.h"
#include "sbi.h"
#include "space.h"
#include "thread.h"

#define PAGE_TABLE __attribute__((section(".bss.page"), aligned(PAGE_SIZE)))
#define ROOT_VA       0x10000UL
#define ROOT_BUFFER   0x8000UL
#define ROOT_PRIO     62
/* Of the boot stack, which is in use. */
#define BOOT_PAINT    3072

extern char image_start[], image_rodata[], image_root[], image_data[], image_end[], hart_stacks[], hart_stacks_end[];
extern char root_image[], root_image_end[];

pte_t kernel_root[512] PAGE_TABLE;
static pte_t kernel_table1[512] PAGE_TABLE, kernel_table0[512] PAGE_TABLE;
static pte_t root_table2[512] PAGE_TABLE, root_table1[512] PAGE_TABLE, root_table0[512] PAGE_TABLE;
static char root_stock[ROOT_STOCK_FRAMES][PAGE_SIZE] PAGE_TABLE;
static char root_buffer[PAGE_SIZE] PAGE_TABLE;
static struct slot root_cnode[ROOT_SLOTS] PAGE_TABLE;
static char root_thread[PAGE_SIZE] PAGE_TABLE;
static struct slot root_cnode_maker, root_vspace_maker, root_thread_maker;

uint64_t image_offset;
uint64_t boot_root_pages;
struct thread *boot_root_thread;
struct kernel_stats kernel_stats;

/* What linker/root.ld puts first. */
struct root_header {
	uint64_t entry, rodata, data, end;
};

uint64_t kernel_satp(void)
{
	return SATP_SV39 | image_pa(kernel_root) >> PAGE_SHIFT;
}

static void print(const char *s)
{
	while (*s)
		sbi_putchar(*s++);
}

static void print_hex(const char *before, uint64_t n)
{
	print(before);
	for (int shift = 60; shift >= 0; shift -= 4)
		sbi_putchar("0123456789abcdef"[n >> shift & 15]);
}

__attribute__((noreturn)) void panic(const char *why, uint64_t value)
{
	print("\nPANIC: ");
	print(why);
	print_hex(" 0x", value);
	print_hex(" pc 0x", (uint64_t)__builtin_return_address(0));
	print("\n");
	sbi_system_reset(0);
	for (;;)
		riscv_wfi();
}

/*
 * Before paging, at physical addresses: fills the kernel's root table and returns its satp. The compiler's
 * PC-relative addresses are physical here.
 */
uint64_t boot_map(void)
{
	uint64_t base = (uint64_t)image_start;

	for (uint64_t i = 0; i < WINDOW_SIZE >> 30; i++)
		kernel_root[256 + i] = i << (30 - 2) | PTE_V | PTE_R | PTE_W | PTE_A | PTE_D | PTE_G;
	kernel_root[511] = (uint64_t)kernel_table1 >> 2 | PTE_V;
	kernel_table1[0] = (uint64_t)kernel_table0 >> 2 | PTE_V;
	for (char *page = image_start; page < image_end; page += PAGE_SIZE) {
		uint64_t bits = page < image_rodata ? PTE_R | PTE_X : page < image_data ? PTE_R : PTE_R | PTE_W | PTE_D;

		/* The lowest page of each stack stays unmapped: an overflow traps. */
		if (page >= hart_stacks && page < hart_stacks_end && (page - hart_stacks) % HART_STACK_BYTES == 0)
			continue;
		kernel_table0[((uint64_t)page - base) >> PAGE_SHIFT] =
			(uint64_t)page >> 2 | bits | PTE_V | PTE_A | PTE_G;
	}
	return SATP_SV39 | (uint64_t)kernel_root >> PAGE_SHIFT;
}

/* A slot made by hand at the start: a child of nothing. */
static struct slot *boot_slot(struct slot *s, unsigned type, void *object)
{
	s->type = type;
	s->rights = RIGHT_ALL;
	s->object = (uint64_t)object;
	cap_insert(&cap_origin, s, KIND_ORIGIN);
	return s;
}

static void boot_frame(struct slot *s, uint64_t pa, unsigned order, unsigned memtype)
{
	boot_slot(s, TYPE_FRAME, NULL);
	s->pa6 = pa >> 6;
	s->order = order;
	s->memtype = memtype;
}

static void root_map(uint64_t va, const void *page, uint64_t flags)
{
	boot_root_pages++;
	root_table0[va >> PAGE_SHIFT] = image_pa(page) >> 2 | flags | PTE_V | PTE_U | PTE_A;
}

/* The root server's pages, each with its own rights. They are the kernel image's: no frame names them. */
static void root_space(struct slot *vspace)
{
	const struct root_header *header = (const struct root_header *)root_image;
	void *root = image_window(root_table2);

	for (uint64_t va = ROOT_VA; va < header->end; va += PAGE_SIZE)
		root_map(va, root_image + (va - ROOT_VA),
			 va < header->rodata ? PTE_R | PTE_X : va < header->data ? PTE_R : PTE_R | PTE_W | PTE_D);
	root_map(ROOT_BUFFER, root_buffer, PTE_R | PTE_W | PTE_D);
	root_table2[0] = image_pa(root_table1) >> 2 | PTE_V;
	root_table1[0] = image_pa(root_table0) >> 2 | PTE_V;
	boot_slot(vspace, TYPE_VSPACE, root);
	if (space_make(vspace, root))
		panic("no space for the root server", 0);
}

static void root_slots(struct slot *cnode, struct thread *t)
{
	boot_slot(&root_cnode_maker, TYPE_CNODE, cnode)->object |= 9;
	root_space(&root_vspace_maker);
	boot_slot(&root_thread_maker, TYPE_THREAD, t);
	boot_slot(&cnode[ROOT_SYSTEM], TYPE_SYSTEM, NULL);
	boot_frame(&cnode[ROOT_WORLD], 0, ORDER_WORLD, MEM_UNKNOWN);
	(void)cap_give(GIVE_COPY, &root_vspace_maker, &cnode[ROOT_VSPACE], RIGHT_ALL, 0, 0);
	(void)cap_give(GIVE_COPY, &root_thread_maker, &cnode[ROOT_THREAD], RIGHT_ALL, 0, 0);
	(void)cap_give(GIVE_COPY, &root_cnode_maker, &cnode[ROOT_CNODE], RIGHT_ALL, 0, 0);
	for (unsigned i = 0; i < ROOT_STOCK_FRAMES; i++)
		boot_frame(&cnode[ROOT_STOCK + i], image_pa(root_stock[i]), ORDER_4K, MEM_RAM);
}

static void root_start(struct thread *t)
{
	const struct root_header *header = (const struct root_header *)root_image;

	thread_init(t);
	sched_store_prio(t, ROOT_PRIO);
	t->max_prio = PRIO_COUNT - 1;
	(void)cap_bind(GIVE_COPY, &root_cnode_maker, &t->bound[BOUND_CSPACE], RIGHT_ALL, 0);
	(void)cap_bind(GIVE_COPY, &root_vspace_maker, &t->bound[BOUND_VSPACE], RIGHT_ALL, 0);
	t->slots = slot_object(&root_cnode_maker);
	t->slot_count = cnode_count(&root_cnode_maker);
	t->satp = space_satp(&root_vspace_maker);
	t->buffer = image_window(root_buffer);
	t->regs[REG_PC] = header->entry;
	t->regs[REG_A0] = ROOT_BUFFER;
	space_runs(&root_vspace_maker, 0);
	sched_ready(t);
}

void kernel_main(uint64_t hart, uint64_t dtb, uint64_t entry_instret, uint64_t offset)
{
	struct boot_info *info = (struct boot_info *)root_buffer;
	struct thread *t;

	image_offset = offset;
	t = image_window(root_thread);
	debug_paint_stack(hart_stacks + HART_STACK_BYTES - HART_STACK_USED, BOOT_PAINT);
	lock_acquire();
	hart_init(&harts[0], hart);
	hart_count = 1;
	root_slots(image_window(root_cnode), t);
	*info = (struct boot_info){
		.dtb = dtb, .image_start = image_pa(image_start), .image_end = image_pa(image_end),
		.boot_hart = hart, .entry_instret = entry_instret, .stock = image_pa(root_stock),
	};
	kernel_stats.image_bytes = (uint64_t)(image_end - image_start);
	kernel_stats.entry_instret = entry_instret;
	boot_root_thread = t;
	root_start(t);
}
