/*
 * machine.c: takes over the machine. See machine.h.
 *
 * 1. The header of the device tree, then all of it, is mapped read-only: its pages are carved as RAM that
 * only mem
 *    has, so nobody changes it any more, and it is parsed where it lies.
 * 2. Usable RAM is taken in the largest frames that fit: a gigapage without holes costs one kernel call.
 *    Where a gigapage or megapage has holes it is split, and only what is usable is carved.
 */
#include "machine.h"
#include <string.h>
#include <tessera/syscall.h>
#include "account.h"
#include "frames.h"
#include "layout.h"
#include "log.h"
#include "object.h"
#include "random.h"
#include "slots.h"
#include "vm.h"

struct machine machine;
struct dt machine_dt;

#define WINDOW_END ((uint64_t)GIGAS * GIGAPAGE_SIZE)

static uint64_t tree_page, tree_end;           /* of the device tree, whole pages */
static uint64_t archive_page, archive_end;

static void must(bool done, const char *what, uint64_t at)
{
	if (!done)
		log_fatal(what, at);
}

/* Makes sure that the slots of the megapages around pa exist. */
static bool open_giga(uint64_t pa)
{
	uint32_t giga = pa / GIGAPAGE_SIZE;

	if (pa >= WINDOW_END || !slots_start(giga + 1))
		return false;
	if (frames_gigas[giga].state == GIGA_NONE) {
		if (!slots_split_giga(giga))
			return false;
		frames_gigas[giga].state = GIGA_SPLIT;
	}
	return frames_gigas[giga].state == GIGA_SPLIT;
}

/* Makes sure that the 4 KiB slots around pa exist, for what is not taken whole. */
static bool open_mega(uint64_t pa)
{
	uint32_t mega = pa / MEGAPAGE_SIZE;

	if (!open_giga(pa))
		return false;
	if (frames_megas[mega].state == MEGA_NONE) {
		if (!slots_split_mixed(mega))
			return false;
		frames_megas[mega].state = MEGA_MIXED;
		frames_megas[mega].head = PIECE_NONE;
	}
	return frames_megas[mega].state == MEGA_MIXED;
}

static bool carve(uint32_t frame, uint32_t count, unsigned memtype)
{
	long r = sys_carve(slots_frame(frame), count, memtype);

	if (r)
		log_error("mem: carve", r, (uint64_t)frame << PAGE_SHIFT);
	return !r;
}

/* Device tree. */

static void tree_map(uint64_t from, uint64_t to)
{
	for (uint64_t pa = from; pa < to; pa += PAGE_SIZE) {
		uint32_t frame = pa >> PAGE_SHIFT;

		must(open_mega(pa) && carve(frame, 1, MEM_RAM), "the device tree cannot be reached", pa);
		must(vm_map(VA_DTB + (pa - tree_page), slots_frame(frame), RIGHT_R), "device tree", pa);
		frames_add(frame, 1, FRAME_MEM);
	}
}

static void tree_refused(const struct dt *dt, const char *text)
{
	log_line(text, 0, 0);
	if (dt->fault.what)
		log_line(dt->fault.what, 0, 0);
	log_fatal("device tree refused, at", dt->fault.offset);
}

static void tree_read(uint64_t pa)
{
	const uint8_t *blob = (const uint8_t *)(VA_DTB + pa % PAGE_SIZE);
	uint64_t first_end;
	uint32_t size;

	tree_page = pa & ~(uint64_t)(PAGE_SIZE - 1);
	first_end = (pa + DT_HEADER_SIZE + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
	tree_map(tree_page, first_end);
	if (dt_header(blob, DT_HEADER_SIZE, &size))
		log_fatal("no device tree at", pa);
	tree_end = (pa + size + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
	tree_map(first_end, tree_end);
	if (dt_parse(&machine_dt, blob, size))
		tree_refused(&machine_dt, dt_error_text(machine_dt.fault.error));
}

/* RAM. */

/* How many bytes of [from, to) are usable. */
static uint64_t usable_in(uint64_t from, uint64_t to)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < machine_dt.usables; i++) {
		uint64_t a = machine_dt.usable[i].base, b = a + machine_dt.usable[i].size;

		if (b <= from)
			continue;
		if (a >= to)
			break;
		sum += (b < to ? b : to) - (a > from ? a : from);
	}
	return sum;
}

static bool touches_archive(uint64_t from, uint64_t to)
{
	return from < archive_end && to > archive_page;
}

static unsigned pool_at(uint64_t pa)
{
	uint64_t end;

	return frames_pool(dt_numa(&machine_dt, pa, &end));
}

static bool one_pool(uint64_t from, uint64_t to)
{
	uint64_t end;

	dt_numa(&machine_dt, from, &end);
	return end >= to;
}

/* How many slots from the frame's on stand in a row, up to frame `end`: a run ends with its CNode. */
static uint32_t slot_run(uint32_t frame, uint32_t end)
{
	uint32_t n = NODE_SLOTS - frame % FRAMES_PER_MEGA % NODE_SLOTS;
	uint32_t mega = FRAMES_PER_MEGA - frame % FRAMES_PER_MEGA;

	n = n < mega ? n : mega;
	return n < end - frame ? n : end - frame;
}

/* Bytes of RAM in [from, to). */
static uint64_t ram_in(uint64_t from, uint64_t to)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < machine_dt.rams; i++) {
		uint64_t a = machine_dt.ram[i].base, b = a + machine_dt.ram[i].size;

		if (a < to && b > from)
			sum += (b < to ? b : to) - (a > from ? a : from);
	}
	return sum;
}

/* Takes the run [from, to) of pages inside one open megapage, which may be typed as RAM already. */
static void take_frames(uint64_t from, uint64_t to, enum frame_state state, bool typed)
{
	uint32_t frame = from >> PAGE_SHIFT, end = to >> PAGE_SHIFT;

	while (frame < end && !typed) {
		uint32_t n = slot_run(frame, end);

		must(carve(frame, n, MEM_RAM), "RAM cannot be taken", (uint64_t)frame << PAGE_SHIFT);
		frame += n;
	}
	frames_add(from >> PAGE_SHIFT, end - (from >> PAGE_SHIFT), state);
}

/* The part of a range of pages that lies in the megapage. */
static void take_part(uint64_t mega, uint64_t from, uint64_t to, enum frame_state state, bool typed)
{
	uint64_t end = mega + MEGAPAGE_SIZE;

	if (from < mega)
		from = mega;
	if (to > end)
		to = end;
	if (from < to)
		take_frames(from, to, state, typed);
}

static void take_mixed(uint64_t mega)
{
	/* Where all is RAM, but for what is reserved, one call types it; the kernel refuses where its image is. */
	bool typed = open_giga(mega) && frames_megas[mega / MEGAPAGE_SIZE].state == MEGA_NONE
		     && ram_in(mega, mega + MEGAPAGE_SIZE) == MEGAPAGE_SIZE
		     && !sys_carve(slots_mega(mega / MEGAPAGE_SIZE), 1, MEM_RAM);

	must(open_mega(mega), "no slots for RAM at", mega);
	frames_megas[mega / MEGAPAGE_SIZE].pool = pool_at(mega);
	for (uint32_t i = 0; i < machine_dt.usables; i++) {
		const struct dt_range *u = &machine_dt.usable[i];

		take_part(mega, u->base, u->base + u->size, FRAME_FREE, typed);
	}
	take_part(mega, archive_page, archive_end, FRAME_ARCHIVE, typed);
}

/* Megapages in a row, all usable, whose slots are in a row too; taken from the top down. */
struct mega_run {
	uint32_t first, count;
	cap_t slot;                     /* of the first */
	bool one_pool;                  /* the whole gigapage is of one pool */
};

/* Carves and frees what the run has gathered: one call, however long it is. */
static void run_take(struct mega_run *run)
{
	uint64_t pa = (uint64_t)run->first * MEGAPAGE_SIZE;
	unsigned pool = pool_at(pa);

	if (run->count)
		must(!sys_carve(run->slot, run->count, MEM_RAM), "RAM cannot be taken", pa);
	for (uint32_t i = run->count; i-- > 0; )
		frames_add_mega(run->first + i, run->one_pool ? pool : pool_at(pa + i * MEGAPAGE_SIZE));
	run->count = 0;
}

static void run_add(struct mega_run *run, uint32_t mega)
{
	cap_t slot = slots_mega(mega);

	if (run->count && (run->first != mega + 1 || slot + 1 != run->slot))
		run_take(run);
	run->first = mega;
	run->slot = slot;
	run->count++;
}

static bool whole_mega(const struct mega_run *run, uint64_t pa)
{
	return pa && usable_in(pa, pa + MEGAPAGE_SIZE) == MEGAPAGE_SIZE
	       && (run->one_pool || one_pool(pa, pa + MEGAPAGE_SIZE))
	       && frames_megas[pa / MEGAPAGE_SIZE].state == MEGA_NONE;
}

static void take_giga_parts(uint64_t giga)
{
	struct mega_run run = { .one_pool = one_pool(giga, giga + GIGAPAGE_SIZE) };
	uint32_t number = giga / GIGAPAGE_SIZE;

	if (frames_gigas[number].state == GIGA_NONE) {
		must(slots_split_giga(number), "no slots for RAM at", giga);
		frames_gigas[number].state = GIGA_SPLIT;
	}
	for (uint64_t pa = giga + GIGAPAGE_SIZE; pa > giga; ) {
		pa -= MEGAPAGE_SIZE;
		if (whole_mega(&run, pa)) {
			run_add(&run, pa / MEGAPAGE_SIZE);
		} else if (usable_in(pa, pa + MEGAPAGE_SIZE) || touches_archive(pa, pa + MEGAPAGE_SIZE)) {
			run_take(&run);
			take_mixed(pa);
		}
	}
	run_take(&run);
}

/* Pools in the order of their addresses. */
static void make_pools(void)
{
	for (uint32_t i = 0; i < machine_dt.rams; i++) {
		uint64_t at = machine_dt.ram[i].base, to = at + machine_dt.ram[i].size, end;

		for (; at < to; at = end)
			frames_pool(dt_numa(&machine_dt, at, &end));
	}
}

static void take_ram(void)
{
	for (uint64_t pa = 0; pa < WINDOW_END; pa += GIGAPAGE_SIZE) {
		uint32_t giga = pa / GIGAPAGE_SIZE;
		uint64_t usable = usable_in(pa, pa + GIGAPAGE_SIZE);

		if (!usable && !touches_archive(pa, pa + GIGAPAGE_SIZE))
			continue;
		must(slots_start(giga + 1), "no slots for RAM at", pa);
		if (usable == GIGAPAGE_SIZE && one_pool(pa, pa + GIGAPAGE_SIZE) &&
		    frames_gigas[giga].state == GIGA_NONE) {
			must(!sys_carve(slots_giga(giga), 1, MEM_RAM), "RAM cannot be taken", pa);
			frames_add_giga(giga, pool_at(pa));
		} else {
			take_giga_parts(pa);
		}
	}
	if (usable_in(WINDOW_END, DT_RAM_TOP)) {
		uint64_t beyond = usable_in(WINDOW_END, DT_RAM_TOP);

		log_line("mem: RAM beyond 255 GiB is not used, bytes:", 1, &beyond);
	}
}

/* The archive's pages; it is RAM, whether the tree reserves it or not. */
static void archive_find(void)
{
	const struct dt_range *a = &machine_dt.initrd;

	if (!machine_dt.has_initrd || !a->size)
		return;
	if (a->base % PAGE_SIZE || a->base + a->size > WINDOW_END) {
		log_line("mem: the archive is not page-aligned", 1, &a->base);
		return;
	}
	archive_page = a->base;
	archive_end = (a->base + a->size + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
	must(!dt_remove(&machine_dt, archive_page, archive_end - archive_page), "device tree: archive",
		archive_page);
}

static void seed_random(void)
{
	const char *word = machine_word("seed");
	uint64_t seed[2] = { sys_time(), sys_instret() };

	if (word) {
		for (seed[0] = 0; *word >= '0' && *word <= '9'; word++)
			seed[0] = seed[0] * 10 + (*word - '0');
		random_seed(seed, sizeof seed[0]);
	} else if (machine_dt.rng_seed_size) {
		random_seed(machine_dt.rng_seed, machine_dt.rng_seed_size);
	} else {
		random_seed(seed, sizeof seed);
	}
}

void machine_start(const struct boot_info *boot)
{
	uint64_t taken;

	must(slots_start(boot->dtb / GIGAPAGE_SIZE + 1), "device tree beyond the window", boot->dtb);
	tree_read(boot->dtb);
	if (dt_check(&machine_dt, boot->image_start, boot->image_end - boot->image_start))
		tree_refused(&machine_dt, dt_error_text(machine_dt.fault.error));
	must(!dt_remove(&machine_dt, boot->image_start, boot->image_end - boot->image_start)
	     && !dt_remove(&machine_dt, tree_page, tree_end - tree_page), "device tree: image", boot->image_start);
	archive_find();
	make_pools();
	take_ram();
	machine.ram = machine_dt.ram_bytes;
	machine.kernel = ram_in(boot->image_start, boot->image_end);
	machine.timebase = machine_dt.timebase;
	machine.hart[0] = boot->boot_hart;
	machine.harts = 1;
	taken = frames_free() + frames_count(FRAME_MEM) + frames_count(FRAME_SLOTS) + frames_count(FRAME_ARCHIVE);
	machine.reserved = machine.ram - machine.kernel - (taken << PAGE_SHIFT);
	seed_random();
	frames_stock_size(frames_free());
	account_start(frames_free() - FRAMES_PER_MEGA);         /* one for the larger own CNode: slots.h */
	if (machine_word("wide"))
		slots_go_wide();
	if (archive_end) {
		machine.archive_size = machine_dt.initrd.size;
		machine.archive = object_range(archive_page >> PAGE_SHIFT, machine.archive_size, RIGHT_R | RIGHT_X);
		must(machine.archive, "no memory", 0);
		object_at(machine.archive)->named = 1;
	}
}

const char *machine_word(const char *word)
{
	const char *at = machine_dt.bootargs;
	size_t n = strlen(word);

	while (at && *at) {
		while (*at == ' ')
			at++;
		if (!strncmp(at, word, n) && at[n] == '=')
			return at + n + 1;
		/* exec= takes the rest of the line. */
		if (!strncmp(at, "exec=", 5))
			return 0;
		while (*at && *at != ' ')
			at++;
	}
	return 0;
}

/* The controller with this number: those of either name in the order of the tree. */
static enum dt_error controller(uint32_t number, struct dt_device *plic)
{
	static const char *const names[] = { "riscv,plic0", "sifive,plic-1.0.0" };
	struct dt_device other;

	for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
		if (!dt_device(&machine_dt, names[i], 0, &other))
			return dt_device(&machine_dt, names[i], number, plic);
	return DT_NOT_FOUND;
}

uint32_t machine_controllers(void)
{
	struct dt_device plic;
	uint32_t n = 0;

	while (!controller(n, &plic))
		n++;
	return n;
}

bool machine_controller_serves(uint32_t number, uint64_t hart)
{
	struct dt_device plic;
	uint32_t context;

	return !controller(number, &plic) && !dt_plic_context(&machine_dt, &plic, hart, &context);
}

/* The number of the controller at this node, or with this phandle (0: neither names one); false: it is none. */
static bool controller_number(uint32_t node, uint32_t phandle, uint32_t *number)
{
	struct dt_device plic;

	for (uint32_t i = 0; !controller(i, &plic); i++) {
		if ((node && plic.node == node) || (phandle && plic.phandle == phandle)) {
			*number = i;
			return true;
		}
	}
	return false;
}

/* The first hart that runs and that the controller serves. */
static int controller_hart(const struct dt_device *plic, struct mem_device *found)
{
	uint32_t context;

	for (uint32_t i = 0; i < machine.harts; i++) {
		if (dt_plic_context(&machine_dt, plic, machine.hart[i], &context))
			continue;
		found->context = context;
		found->hart = i;
		return 0;
	}
	return E_IO;
}

int machine_device(const char *compatible, uint32_t index, struct mem_device *found)
{
	struct dt_device device;
	uint32_t number;

	if (dt_device(&machine_dt, compatible, index, &device) || !device.regs)
		return E_NOT_FOUND;
	*found = (struct mem_device){ .base = device.reg[0].base, .size = device.reg[0].size };
	if (controller_number(device.node, 0, &number)) {
		found->irq = number * MEM_CONTROLLER_LINES;
		return controller_hart(&device, found);
	}
	if (device.irq && controller_number(0, device.irq_parent, &number))
		found->irq = number * MEM_CONTROLLER_LINES + device.irq;
	return 0;
}

/* Makes n frames in a row device memory, those that are not yet. */
static bool device_pages(uint32_t frame, uint32_t n)
{
	/* All at once; or one by one, where another device has some of them. */
	if (!sys_carve(slots_frame(frame), n, MEM_DEVICE))
		return true;
	for (uint32_t i = 0; i < n; i++) {
		uint64_t word, detail;

		if (sys_inspect(slots_frame(frame + i), &word, &detail)
		    || (INSPECT_MEMTYPE(word) == MEM_UNKNOWN && !carve(frame + i, 1, MEM_DEVICE)))
			return false;
	}
	return true;
}

/* Whether the megapage has no RAM and so is one piece of device memory, of which parts are shared. */
static bool device_mega(uint64_t pa)
{
	struct mega *m = &frames_megas[pa / MEGAPAGE_SIZE];
	uint64_t base = pa & ~(MEGAPAGE_SIZE - 1);

	if (!open_giga(pa))
		return false;
	if (m->state == MEGA_NONE && !ram_in(base, base + MEGAPAGE_SIZE)
	    && !sys_carve(slots_mega(pa / MEGAPAGE_SIZE), 1, MEM_DEVICE))
		m->state = MEGA_DEVICE;
	return m->state == MEGA_DEVICE;
}

int machine_device_object(const struct mem_device *device, uint32_t *object)
{
	uint64_t from = device->base & ~(uint64_t)(PAGE_SIZE - 1);
	uint64_t to = (device->base + device->size + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);

	if (from >= to || to > WINDOW_END || ram_in(from, to))
		return E_DENIED;
	for (uint64_t pa = from; pa < to; ) {
		uint32_t frame = pa >> PAGE_SHIFT, n = slot_run(frame, to >> PAGE_SHIFT);

		if (device_mega(pa)) {
			pa = (pa | (MEGAPAGE_SIZE - 1)) + 1;
			continue;
		}
		if (!open_mega(pa))
			return E_NO_MEMORY;
		if (!device_pages(frame, n))
			return E_DENIED;
		pa += (uint64_t)n << PAGE_SHIFT;
	}
	*object = object_range(from >> PAGE_SHIFT, to - from, RIGHT_R | RIGHT_W);
	return *object ? 0 : E_NO_MEMORY;
}

void machine_pool(unsigned pool, uint64_t *base, uint64_t *size)
{
	*base = ~0ull;
	*size = 0;
	for (uint32_t i = 0; i < machine_dt.rams; i++) {
		uint64_t at = machine_dt.ram[i].base, to = at + machine_dt.ram[i].size, end;

		for (; at < to; at = end) {
			uint32_t node = dt_numa(&machine_dt, at, &end);

			if (end > to)
				end = to;
			if (frames_pools[pool].node != node)
				continue;
			if (*base == ~0ull)
				*base = at;
			*size += end - at;
		}
	}
}
