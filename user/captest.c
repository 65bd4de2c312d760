/* captest.c: a program's capability slots, tested from inside. */
#include <file_idl.h>
#include <tessera/ipc.h>
#include <tessera/process.h>
#include <tessera/start.h>
#include <tessera/syscall.h>
#include <tessera/test.h>

#define MOST 5000

static cap_t slots[MOST];

/* Takes all slots that are free; how many. */
static unsigned take_all(void)
{
	unsigned count = 0;

	while (count < MOST && (slots[count] = cap_alloc()))
		count++;
	return count;
}

static void free_all(unsigned count)
{
	while (count)
		cap_free(slots[--count]);
}

/* The first CNode's slots are used up long before the others. */
TEST(slots_are_different_usable_and_end)
{
	unsigned count = take_all(), bad = 0;

	CHECK(count > 4000 && count < MOST);
	CHECK(cap_alloc() == 0);
	for (unsigned i = 0; i < count; i++)
		bad += sys_give(GIVE_COPY, SLOT_PROCESS, 1, slots[i], RIGHT_ALL, 0, 0) != 0;
	CHECK(bad == 0);
	for (unsigned i = 0; i < count; i++)
		bad += sys_delete(slots[i]) != 0;
	CHECK(bad == 0);
	free_all(count);
}

TEST(a_capability_taken_to_a_further_cnode_comes_near_again)
{
	unsigned count = take_all();
	cap_t far = count ? slots[count - 1] : 0, near = 0;

	CHECK(far >> CAP_CNODE_SHIFT);
	cap_free(slots[0]);
	CHECK(sys_give(GIVE_COPY, SLOT_PROCESS, 1, far, RIGHT_ALL, 0, 0) == 0);
	near = cap_near(far);
	CHECK(near == slots[0]);
	CHECK(cap_near(near) == near);
	CHECK(sys_delete(near) == 0);
	CHECK(cap_alloc() == far);
	free_all(count);
}

TEST(slots_that_were_freed_come_back)
{
	unsigned first = take_all(), second;

	free_all(first);
	second = take_all();
	free_all(second);
	CHECK(first == second);
}

TEST(a_freed_slot_is_empty)
{
	cap_t slot = cap_alloc();

	REQUIRE(slot);
	REQUIRE(sys_give(GIVE_COPY, SLOT_PROCESS, 1, slot, RIGHT_ALL, 0, 0) == 0);
	CHECK(sys_give(GIVE_COPY, SLOT_PROCESS, 1, slot, RIGHT_ALL, 0, 0) == -E_NOT_EMPTY);
	cap_free(slot);
	CHECK(sys_give(GIVE_COPY, SLOT_PROCESS, 1, slot, RIGHT_ALL, 0, 0) == 0);
	CHECK(sys_delete(slot) == 0);
}

TEST(nothing_beyond_the_slots_is_freed)
{
	struct message m = { .info = 0 };

	cap_free(SLOT_SPACE);
	cap_free(PROCESS_SLOTS);
	cap_free(CAP(SLOT_SPACE, SLOT_FREE));
	CHECK(sys_call(SLOT_SPACE, &m) == 0);
}

TEST(a_server_is_opened_once)
{
	cap_t first = 0, second = 0;

	REQUIRE(server_open("file", FILE_VERSION, &first) == 0);
	REQUIRE(server_open("file", FILE_VERSION, &second) == 0);
	CHECK(first && first == second);
	CHECK(server_open("file", FILE_VERSION + 1, &second) == E_BAD_VERSION);
	CHECK(server_open("nobody", 1, &second) == E_NOT_FOUND);
}

int main(int argc, char **argv)
{
	return TEST_MAIN(argc, argv, slots_are_different_usable_and_end,
			 a_capability_taken_to_a_further_cnode_comes_near_again, slots_that_were_freed_come_back,
			 a_freed_slot_is_empty, nothing_beyond_the_slots_is_freed, a_server_is_opened_once);
}
