/*
 * calls.c: the handlers of mem.idl. The dispatch has checked the message's form; here is checked who asks,
 * and that handles name what they should. No handler trusts a number that a client sent.
 */
#include "calls.h"
#include <string.h>
#include "account.h"
#include "advise.h"
#include "audit.h"
#include "clone.h"
#include "fault.h"
#include "frames.h"
#include "layout.h"
#include "machine.h"
#include "made.h"
#include "object.h"
#include "picture.h"
#include "pressure.h"
#include "random.h"
#include "range.h"
#include "receiver.h"
#include "slots.h"
#include "space.h"
#include "vm.h"
#include "worker.h"

#define READ_MOST 800                   /* bytes, as the interface says */

static bool is_factory(const struct mem_request *q)
{
	return q->badge == badge_make(BADGE_FACTORY, 0, 0);
}

/* The caller's own space; 0: it is none. */
static uint32_t caller(const struct mem_request *q)
{
	return space_by_badge(q->badge);
}

/* The factory's view of a space by number: 0 and its id, or the error. */
static int factory_space(const struct mem_request *q, uint64_t id, uint32_t *space)
{
	if (!is_factory(q))
		return E_DENIED;
	if (!space_exists(id))
		return E_NOT_FOUND;
	*space = (uint32_t)id;
	return 0;
}

/* The object a handle names and what it does not allow, 0: none. */
static uint32_t handle(const struct idl_cap *cap, unsigned *denied)
{
	*denied = 0;
	return cap->count ? 0 : object_named(cap->value, denied);
}

/*
 * Capability `out` of the answer: a copy of one of ours, made now: when the answer leaves, the lock is given up and
 * another receiver may have ended the object. Then the copy is gone, and the client gets an error.
 */
static int send(struct send_item *item, unsigned out, cap_t cap, unsigned rights, uint64_t badge)
{
	uint32_t slot = self->slots + RECEIVER_OUT + out;
	long r = sys_give(GIVE_COPY, cap, 1, slot, rights, badge, 0);

	/* Left over from an answer that was not taken. */
	if (r == -E_NOT_EMPTY) {
		sys_delete(slot);
		r = sys_give(GIVE_COPY, cap, 1, slot, rights, badge, 0);
	}
	*item = (struct send_item){ .cap = slot, .count = 1, .verb = GIVE_MOVE, .rights = RIGHT_ALL };
	return (int)-r;
}

static int send_copy(struct send_item *item, unsigned out, cap_t cap, unsigned rights)
{
	return send(item, out, cap, rights, 0);
}

/* A capability to mem itself with this badge. */
static int send_badge(struct send_item *item, unsigned out, uint64_t badge)
{
	return send(item, out, SLOT_MAIL, RIGHT_CALL, badge);
}

/* Own memory. */

int mem_on_map(const struct mem_request *q, uint64_t addr, uint64_t size, uint32_t access, uint32_t how,
	       uint64_t *addr_out)
{
	uint32_t space = caller(q);

	return space ? range_map(space, addr, size, access, how, addr_out) : E_DENIED;
}

int mem_on_unmap(const struct mem_request *q, uint64_t addr, uint64_t size)
{
	uint32_t space = caller(q);

	receiver_settle(space);
	return space ? range_unmap(space, addr, size) : E_DENIED;
}

int mem_on_protect(const struct mem_request *q, uint64_t addr, uint64_t size, uint32_t access)
{
	uint32_t space = caller(q);

	receiver_settle(space);
	return space ? range_protect(space, addr, size, access) : E_DENIED;
}

int mem_on_reserve(const struct mem_request *q, uint64_t addr, uint64_t size, uint64_t align, uint32_t how,
		   uint64_t *addr_out)
{
	uint32_t space = caller(q);

	return space ? range_reserve(space, addr, size, align, how, addr_out) : E_DENIED;
}

int mem_on_commit(const struct mem_request *q, uint64_t addr, uint64_t size, uint32_t access)
{
	uint32_t space = caller(q);

	receiver_settle(space);
	return space ? range_commit(space, addr, size, access) : E_DENIED;
}

struct client_range {
	uint64_t addr, size;
};

/* All ranges are checked, then begun, before the first is given back. */
int mem_on_decommit(const struct mem_request *q, const void *ranges, size_t ranges_n)
{
	uint32_t space = caller(q);
	size_t n = ranges_n / sizeof(struct client_range);
	int error = 0;

	if (!space)
		return E_DENIED;
	if (!n || ranges_n % sizeof(struct client_range))
		return E_BAD_RANGE;
	receiver_settle(space);
	for (size_t i = 0; i < 3 * n && !error; i++) {
		struct client_range range;

		memcpy(&range, (const char *)ranges + i % n * sizeof range, sizeof range);
		if (i < n)
			error = range_may_decommit(space, range.addr, range.size, (uint32_t)n);
		else if (i < 2 * n)
			range_begin_decommit(space, range.addr, range.size);
		else
			error = range_decommit(space, range.addr, range.size);
	}
	return error;
}

int mem_on_remap(const struct mem_request *q, uint64_t addr, uint64_t old, uint64_t size, uint32_t how,
		 uint64_t *addr_out)
{
	uint32_t space = caller(q);

	if (!space)
		return E_DENIED;
	receiver_settle(space);
	return range_remap(space, addr, old, size, how, addr_out);
}

int mem_on_query(const struct mem_request *q, uint64_t addr, struct mem_region *found)
{
	uint32_t space = caller(q);

	return space && range_query(space, addr, found) ? 0 : E_NOT_FOUND;
}

int mem_on_usage(const struct mem_request *q, struct mem_usage *now)
{
	uint32_t space = caller(q);

	if (!space)
		return E_DENIED;
	audit_usage(space, now);
	return 0;
}

/* Objects. */

int mem_on_map_object(const struct mem_request *q, struct idl_cap object, uint64_t offset,
		      uint64_t addr, uint64_t size, uint32_t access, uint32_t how, uint64_t *addr_out)
{
	unsigned denied;
	uint32_t space = caller(q), id = handle(&object, &denied);

	if (!space)
		return E_DENIED;
	if (!id)
		return E_BAD_HANDLE;
	if (access & denied && !(how & MEM_PRIVATE))
		return E_DENIED;
	return range_map_object(space, id, offset, addr, size, access, how, addr_out);
}

/* An object that was just made goes to its maker. */
static int send_object(struct send_item *item, uint32_t id)
{
	int error = send_badge(item, 0, object_badge(id, 0));

	if (error)
		made_drop(id);
	return error;
}

int mem_on_object_part(const struct mem_request *q, struct idl_cap object, uint64_t offset, uint64_t size,
		       struct send_item *part, uint64_t *size_out)
{
	unsigned denied;
	uint32_t id = handle(&object, &denied), made;
	int error;

	if (!id)
		return E_BAD_HANDLE;
	error = made_part(caller(q), id, offset, size, &made);
	*size_out = size;
	return error ? error : send_object(part, made);
}

int mem_on_object_size(const struct mem_request *q, struct idl_cap object, uint64_t *size)
{
	unsigned denied;
	uint32_t id = handle(&object, &denied);

	(void)q;
	if (!id)
		return E_BAD_HANDLE;
	*size = object_bytes(object_at(id));
	return 0;
}

/* What only an object's maker may do: 0 and its id, or the error. */
static int own_object(const struct mem_request *q, const struct idl_cap *object, uint32_t *id)
{
	unsigned denied;

	*id = handle(object, &denied);
	if (!*id)
		return E_BAD_HANDLE;
	if (!caller(q) && !is_factory(q))
		return E_DENIED;
	return object_at(*id)->made && object_at(*id)->maker == caller(q) && !denied ? 0 : E_DENIED;
}

int mem_on_object_destroy(const struct mem_request *q, struct idl_cap object)
{
	uint32_t id;
	int error = own_object(q, &object, &id);

	return error ? error : made_destroy(id);
}

int mem_on_object_create(const struct mem_request *q, uint64_t size, uint32_t how, struct send_item *object,
			 uint64_t *address)
{
	uint32_t space = caller(q), id;
	int error;

	if (how == (MEM_CONTIGUOUS | MEM_DROPPABLE))
		return E_BAD_RANGE;
	if (!space || (how & MEM_CONTIGUOUS && !space_at(space)->devices))
		return E_DENIED;
	error = how & MEM_CONTIGUOUS ? made_contiguous(space, size, &id)
				     : made_shared(space, size, how & MEM_DROPPABLE, &id);
	if (error)
		return error;
	*address = (uint64_t)object_at(id)->frame << PAGE_SHIFT;
	return send_object(object, id);
}

int mem_on_object_resize(const struct mem_request *q, struct idl_cap object, uint64_t size)
{
	uint32_t id;
	int error = own_object(q, &object, &id);

	return error ? error : made_resize(id, size);
}

int mem_on_object_mapped(const struct mem_request *q, struct idl_cap object, uint32_t *regions)
{
	uint32_t id;
	int error = own_object(q, &object, &id);

	/* One reference is the name's. */
	*regions = error ? 0 : object_at(id)->refs - 1;
	return error;
}

int mem_on_object_limit(const struct mem_request *q, struct idl_cap object, uint32_t access, struct send_item *limited)
{
	unsigned denied;
	uint32_t id = handle(&object, &denied);

	(void)q;
	if (!id)
		return E_BAD_HANDLE;
	denied |= ~access & (MEM_READ | MEM_WRITE | MEM_EXEC);
	return send_badge(limited, 0, object_badge(id, denied));
}

int mem_on_quiesced(const struct mem_request *q)
{
	uint32_t space = caller(q);

	if (!space || !space_at(space)->devices)
		return E_DENIED;
	made_quiesced(space);
	return made_work() ? 0 : E_AGAIN;
}

/* Threads and endpoints. */

/* A thread in `space`; the first one waits for its parent to let it run, later ones run at once. */
static int create(uint32_t space, const struct thread_start *start, struct send_item *thread,
		  uint64_t *buffer)
{
	uint32_t id;
	int error = thread_create(space, start, &id);

	if (error)
		return error;
	*buffer = (uint64_t)thread_at(id)->page << PAGE_SHIFT;
	error = send_copy(thread, 0, thread_cap(id), RIGHT_ALL);
	if (error)
		thread_destroy(id);
	return error;
}

int mem_on_thread_create(const struct mem_request *q, uint64_t entry, uint64_t sp, uint64_t arg, uint64_t tp,
			 uint32_t prio, struct send_item *thread, uint64_t *buffer)
{
	struct thread_start start = { .entry = entry, .sp = sp, .a0 = arg, .tp = tp, .prio = prio, .second = true };
	uint32_t space = caller(q);

	if (!space || prio > space_at(space)->prio)
		return E_DENIED;
	if (entry >= USER_END || sp > USER_END)
		return E_BAD_RANGE;
	return create(space, &start, thread, buffer);
}

int mem_on_thread_destroy(const struct mem_request *q, uint64_t buffer)
{
	uint32_t space = caller(q), id = space ? thread_by_buffer(space, buffer) : 0;

	if (!id)
		return E_NOT_FOUND;
	thread_destroy(id);
	return 0;
}

int mem_on_endpoint_create(const struct mem_request *q, struct send_item *endpoint)
{
	uint32_t space = caller(q);
	cap_t cap;
	int error = space ? space_endpoint(space, &cap) : E_NO_MEMORY;

	return error ? error : send_copy(endpoint, 0, cap, RIGHT_ALL);
}

int mem_on_endpoint_destroy(const struct mem_request *q, struct idl_cap endpoint)
{
	uint32_t space = caller(q);

	if (!space || !endpoint.count)
		return E_BAD_HANDLE;
	return space_endpoint_destroy(space, endpoint.value) ? 0 : E_BAD_HANDLE;
}

int mem_on_cnode_create(const struct mem_request *q, struct send_item *cnode)
{
	uint32_t space = caller(q);
	cap_t cap;
	int error = space ? space_more_slots(space, &cap) : E_NO_MEMORY;

	return error ? error : send_copy(cnode, 0, cap, RIGHT_ALL);
}

/* Figures. */

int mem_on_total(const struct mem_request *q, struct mem_total *now)
{
	if (!caller(q) && !is_factory(q))
		return E_DENIED;
	audit_total(now);
	return 0;
}

int mem_on_pool(const struct mem_request *q, uint32_t index, struct mem_pool *now)
{
	const struct pool *p = &frames_pools[index % POOLS];

	(void)q;
	*now = (struct mem_pool){ .kind = 0 };
	if (index >= frames_pool_count) {
		index -= frames_pool_count;
		if (index >= machine_dt.srams || machine_dt.sram[index].base == DT_NO_ADDRESS)
			return E_NOT_FOUND;
		now->base = machine_dt.sram[index].base;
		now->size = machine_dt.sram[index].size;
		now->kind = 1;
		return 0;
	}
	now->node = p->node == DT_NUMA_NONE ? 0 : p->node;
	now->free_by_order[0] = p->free_4k;
	now->free_by_order[1] = p->free_2m;
	now->free_by_order[2] = p->free_1g;
	now->free = (p->free_4k + p->free_2m * FRAMES_PER_MEGA + p->free_1g * FRAMES_PER_GIGA) << PAGE_SHIFT;
	machine_pool(index, &now->base, &now->size);
	return 0;
}

int mem_on_audit(const struct mem_request *q, struct mem_audit_counts *counts)
{
	if (!caller(q) && !is_factory(q))
		return E_DENIED;
	audit_run(counts);
	return 0;
}

/* What frames.h knows of the frame at a physical address. */
static void why_frame(uint64_t address, struct mem_why_entry *what)
{
	const struct mega *m = &frames_megas[address / MEGAPAGE_SIZE];
	uint64_t giga = address / GIGAPAGE_SIZE;

	if (giga >= GIGAS || frames_gigas[giga].state == GIGA_NONE)
		return;
	if (frames_gigas[giga].state == GIGA_FREE || m->state == MEGA_FREE) {
		what->state = 32;
	} else if (mega_is_split(m)) {
		what->state = frames_table[address >> PAGE_SHIFT].state;
		what->owner = frames_table[address >> PAGE_SHIFT].owner;
	}
}

int mem_on_why(const struct mem_request *q, uint64_t address, uint64_t index, struct mem_why_entry *what)
{
	const struct kernel_why *w = (const struct kernel_why *)vm_buffer()->words;
	long n;

	if (!caller(q) && !is_factory(q))
		return E_DENIED;
	n = sys_system(ROOT_SYSTEM, SYSTEM_WHY, address, index);
	if (n <= 0)
		return n ? (int)-n : E_NOT_FOUND;
	*what = (struct mem_why_entry){
		.type = w->type, .kind = w->kind, .rights = w->rights, .depth = w->depth, .order = w->order,
		.base = w->base, .mapped = w->mapped, .va = w->va, .space = w->space, .bound = w->bound,
	};
	why_frame(address, what);
	return 0;
}

/* Devices. */

static bool may_devices(const struct mem_request *q)
{
	return is_factory(q) || (caller(q) && space_at(caller(q))->devices);
}

int mem_on_device(const struct mem_request *q, const char *compatible, uint32_t index,
		  struct mem_device *found)
{
	return may_devices(q) ? machine_device(compatible, index, found) : E_DENIED;
}

int mem_on_device_map(const struct mem_request *q, const char *compatible, uint32_t index, uint64_t *addr,
		      struct mem_device *found)
{
	uint32_t space = caller(q), object;
	int error;

	if (!space || !may_devices(q))
		return E_DENIED;
	error = machine_device(compatible, index, found);
	if (!error)
		error = machine_device_object(found, &object);
	if (error)
		return error;
	error = range_map_device(space, object, addr);
	/* The region's view holds it. */
	object_unref(object);
	*addr += found->base % PAGE_SIZE;
	if (!error && !space_at(space)->device)
		space_at(space)->device = (uint32_t)(found->base >> PAGE_SHIFT);
	return error;
}

/* Looking at the machine. */

static int trace_hart(cap_t ring, uint64_t hart)
{
	long r = sys_system(ROOT_SYSTEM, SYSTEM_TRACE, ring, hart);

	return r == -E_BAD_ARG ? E_NOT_FOUND : (int)-r;
}

int mem_on_trace(const struct mem_request *q, uint64_t hart, struct idl_cap object)
{
	unsigned denied;
	uint32_t id = handle(&object, &denied);
	const struct object *o = object_at(id);

	if (!may_devices(q))
		return E_DENIED;
	if (!id || o->made != MADE_CONTIGUOUS || o->maker != caller(q) || o->pages != FRAMES_PER_MEGA)
		return E_BAD_HANDLE;
	return trace_hart(slots_mega(o->frame / FRAMES_PER_MEGA), hart);
}

int mem_on_trace_end(const struct mem_request *q, uint64_t hart)
{
	return may_devices(q) ? trace_hart(0, hart) : E_DENIED;
}

int mem_on_thread(const struct mem_request *q, uint64_t index, uint64_t *next, uint64_t *address, uint64_t *space,
		  uint64_t *number)
{
	if (!caller(q) && !is_factory(q))
		return E_DENIED;
	for (; index < thread_slab.reached; index++) {
		const struct thread *t = thread_at((uint32_t)index);

		if (!index || !t->space || !t->frame)
			continue;
		*next = index + 1;
		*address = (uint64_t)t->frame << PAGE_SHIFT;
		*space = t->space;
		*number = t->number;
		return 0;
	}
	return E_NOT_FOUND;
}

int mem_on_frames(const struct mem_request *q, uint64_t from, uint64_t *next, void *runs, size_t *runs_n)
{
	unsigned count = 0;
	bool more = may_devices(q) && picture_frames(from, next, runs, &count);

	*runs_n = count * sizeof(struct mem_frame_run);
	return more ? 0 : may_devices(q) ? E_NOT_FOUND : E_DENIED;
}

int mem_on_pages(const struct mem_request *q, uint64_t space, uint64_t from, uint64_t *next, void *runs,
		 size_t *runs_n)
{
	unsigned count = 0;

	if (!may_devices(q))
		return E_DENIED;
	if (!space_exists(space) || !picture_pages((uint32_t)space, from, next, runs, &count))
		return E_NOT_FOUND;
	*runs_n = count * sizeof(struct mem_page_run);
	return 0;
}

/* The factory. */

int mem_on_space_create(const struct mem_request *q, uint64_t limit, struct send_item *space,
			struct send_item *cnode, uint64_t *id)
{
	uint32_t n;
	int error = is_factory(q) ? space_create(limit, &n) : E_DENIED;

	if (error)
		return error;
	error = send_badge(space, 0, space_badge(n));
	if (!error)
		error = send_copy(cnode, 1, space_cnode(n), RIGHT_ALL);
	if (error)
		(void)space_destroy(n);
	*id = n;
	return error;
}

int mem_on_space_endpoint(const struct mem_request *q, uint64_t id, struct send_item *endpoint)
{
	uint32_t space;
	cap_t cap;
	int error = factory_space(q, id, &space);

	if (!error)
		error = space_endpoint(space, &cap);
	return error ? error : send_copy(endpoint, 0, cap, RIGHT_ALL);
}

int mem_on_space_allow(const struct mem_request *q, uint64_t id, uint32_t what)
{
	uint32_t space;
	int error = factory_space(q, id, &space);

	if (!error)
		space_at(space)->devices = (what & MEM_DEVICES) != 0;
	return error;
}

int mem_on_space_start(const struct mem_request *q, uint64_t id, uint64_t entry, uint64_t sp, uint64_t arg,
		       uint32_t prio, struct send_item *thread, uint64_t *buffer)
{
	struct thread_start start = { .entry = entry, .sp = sp, .a0 = arg, .prio = prio };
	uint32_t space;
	int error = factory_space(q, id, &space);

	if (error)
		return error;
	error = create(space, &start, thread, buffer);
	if (!error)
		space_at(space)->prio = prio;
	return error;
}

int mem_on_space_destroy(const struct mem_request *q, uint64_t id)
{
	if (!is_factory(q))
		return E_DENIED;
	return space_exists(id) || space_ending(id) ? space_destroy((uint32_t)id) : E_NOT_FOUND;
}

int mem_on_space_usage(const struct mem_request *q, uint64_t id, struct mem_usage *now)
{
	uint32_t space;
	int error = factory_space(q, id, &space);

	if (!error)
		audit_usage(space, now);
	return error;
}

int mem_on_space_query(const struct mem_request *q, uint64_t id, uint64_t addr, struct mem_region *found)
{
	uint32_t space;
	int error = factory_space(q, id, &space);

	if (error)
		return error;
	return range_query(space, addr, found) ? 0 : E_NOT_FOUND;
}

int mem_on_space_map(const struct mem_request *q, uint64_t id, uint64_t addr, uint64_t size, uint32_t access,
		     uint32_t how, uint64_t *addr_out)
{
	uint32_t space;
	int error = factory_space(q, id, &space);

	return error ? error : range_map(space, addr, size, access, how, addr_out);
}

int mem_on_space_reserve(const struct mem_request *q, uint64_t id, uint64_t addr, uint64_t size,
			 uint64_t align, uint32_t how, uint64_t *addr_out)
{
	uint32_t space;
	int error = factory_space(q, id, &space);

	return error ? error : range_reserve(space, addr, size, align, how, addr_out);
}

int mem_on_space_map_object(const struct mem_request *q, uint64_t id, struct idl_cap object, uint64_t offset,
			    uint64_t addr, uint64_t size, uint32_t access, uint32_t how, uint64_t *addr_out)
{
	unsigned denied;
	uint32_t space, o = handle(&object, &denied);
	int error = factory_space(q, id, &space);

	if (!error && !o)
		error = E_BAD_HANDLE;
	if (!error && access & denied && !(how & MEM_PRIVATE))
		error = E_DENIED;
	return error ? error : range_map_object(space, o, offset, addr, size, access, how, addr_out);
}

int mem_on_space_write(const struct mem_request *q, uint64_t id, uint64_t addr, const void *data,
		       size_t data_n)
{
	uint32_t space;
	int error = factory_space(q, id, &space);

	if (error)
		return error;
	receiver_settle(space);
	return range_write(space, addr, data, data_n);
}

int mem_on_space_read(const struct mem_request *q, uint64_t id, uint64_t addr, uint32_t size, void *data,
		      size_t *data_n)
{
	uint32_t space;
	int error = factory_space(q, id, &space);

	if (!error && size > READ_MOST)
		error = E_BAD_RANGE;
	if (error)
		return error;
	receiver_settle(space);
	error = range_read(space, addr, data, size);
	*data_n = error ? 0 : size;
	return error;
}

int mem_on_space_protect(const struct mem_request *q, uint64_t id, uint64_t addr, uint64_t size,
			 uint32_t access)
{
	uint32_t space;
	int error = factory_space(q, id, &space);

	if (error)
		return error;
	receiver_settle(space);
	return range_protect(space, addr, size, access);
}

int mem_on_supervise(const struct mem_request *q, struct idl_cap notify)
{
	if (!is_factory(q) || !notify.count)
		return E_DENIED;
	sys_delete(SLOT_NOTIFY);
	return (int)-sys_give(GIVE_MOVE, notify.value, 1, SLOT_NOTIFY, RIGHT_ALL, 0, 0);
}

int mem_on_next_fault(const struct mem_request *q, struct mem_fault *what)
{
	if (!is_factory(q))
		return E_DENIED;
	return fault_next(what) ? 0 : E_NOT_FOUND;
}

int mem_on_archive(const struct mem_request *q, struct send_item *object, uint64_t *size)
{
	if (!is_factory(q))
		return E_DENIED;
	if (!machine.archive)
		return E_NOT_FOUND;
	*size = machine.archive_size;
	return send_badge(object, 0, object_badge(machine.archive, 0));
}

int mem_on_bootargs(const struct mem_request *q, char *text)
{
	const char *args = machine_dt.bootargs;
	size_t i = 0;

	if (!is_factory(q))
		return E_DENIED;
	for (; args && args[i] && i < 800; i++)
		text[i] = args[i];
	text[i] = 0;
	return 0;
}

int mem_on_entropy(const struct mem_request *q, uint64_t *a, uint64_t *b, uint64_t *c, uint64_t *d,
		   uint64_t *timebase)
{
	if (!caller(q) && !is_factory(q))
		return E_DENIED;
	*a = random_next();
	*b = random_next();
	*c = random_next();
	*d = random_next();
	*timebase = machine.timebase;
	return 0;
}

int mem_on_system_copy(const struct mem_request *q, struct send_item *system)
{
	if (!is_factory(q))
		return E_DENIED;
	return send_copy(system, 0, ROOT_SYSTEM, RIGHT_RESET | RIGHT_IRQ | RIGHT_DEBUG);
}

int mem_on_begun(const struct mem_request *q, uint64_t *kernel, uint64_t *root)
{
	if (!caller(q) && !is_factory(q))
		return E_DENIED;
	*kernel = machine.begun_kernel;
	*root = machine.begun;
	return 0;
}

int mem_on_reset(const struct mem_request *q, uint32_t how)
{
	if (!is_factory(q) || how > 1)
		return E_DENIED;
	return (int)-sys_system(ROOT_SYSTEM, SYSTEM_RESET, how, 0);
}

/* Advice and limits. */

int mem_on_advise(const struct mem_request *q, uint64_t addr, uint64_t size, uint32_t what)
{
	uint32_t space = caller(q);

	if (!space)
		return E_DENIED;
	receiver_settle(space);
	return advise_range(space, addr, size, what);
}

int mem_on_place(const struct mem_request *q, uint64_t addr, uint64_t size, uint32_t pool)
{
	uint32_t space = caller(q);

	return space ? advise_pool(space, addr, size, pool) : E_DENIED;
}

int mem_on_limits(const struct mem_request *q, uint64_t limit, uint64_t keep)
{
	uint32_t space = caller(q);
	struct space *s = space_at(space);

	if (!space || (s->account.limit && (!limit || PAGES_OF(limit) > s->account.limit)) || (keep && s->parent))
		return E_DENIED;
	return account_limits(&s->account, PAGES_OF(limit), PAGES_OF(keep)) ? 0 : E_NO_MEMORY;
}

int mem_on_pressure(const struct mem_request *q, struct idl_cap notify)
{
	uint32_t space = caller(q);

	if (!space)
		return E_DENIED;
	return notify.count ? pressure_listen(space, notify.value) : E_BAD_HANDLE;
}

/* Copy-on-write. */

int mem_on_clone(const struct mem_request *q, uint64_t to, uint64_t from, uint64_t size)
{
	uint32_t space = caller(q);

	if (!space)
		return E_DENIED;
	receiver_settle(space);
	return clone_range(space, to, from, size);
}

int mem_on_space_clone(const struct mem_request *q, struct send_item *space, struct send_item *cnode)
{
	uint32_t parent = caller(q), id;
	int error;

	if (!parent)
		return E_DENIED;
	receiver_settle(parent);
	error = clone_space(parent, &id);
	if (error)
		return error;
	error = send_badge(space, 0, space_badge(id));
	if (!error)
		error = send_copy(cnode, 1, space_cnode(id), RIGHT_ALL);
	if (error)
		clone_undo(id);
	return error;
}

int mem_on_space_end(const struct mem_request *q)
{
	uint32_t space = space_by_badge(q->badge);

	if (!space)
		space = space_ending_by_badge(q->badge);
	return space && space_at(space)->parent ? space_destroy(space) : E_DENIED;
}

int mem_on_zero(const struct mem_request *q, uint64_t done, uint64_t *first, uint64_t *count)
{
	return badge_kind(q->badge) == BADGE_WORKER ? worker_turn(done, first, count) : E_DENIED;
}
