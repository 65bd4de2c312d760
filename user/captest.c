/* captest.c: a program's capability slots, tested from inside. */
#include <file_idl.h>
#include <tessera/ipc.h>
#include <tessera/process.h>
#include <tessera/start.h>
#include <tessera/syscall.h>
#include <tessera/test.h>

static cap_t slots[PROCESS_SLOTS];

/* Takes all slots that are free; how many. */
static unsigned take_all(void)
{
	unsigned count = 0;

	while (count < PROCESS_SLOTS && (slots[count] = cap_alloc()))
		count++;
	return count;
}

static void free_all(unsigned count)
{
	while (count)
		cap_free(slots[--count]);
}

TEST(slots_are_different_and_end)
{
	unsigned count = take_all();

	CHECK(count > 0 && count <= PROCESS_SLOTS - SLOT_FREE);
	CHECK(cap_alloc() == 0);
	for (unsigned i = 1; i < count; i++)
		CHECK(slots[i] != slots[i - 1] && slots[i] >= SLOT_FREE && slots[i] < PROCESS_SLOTS);
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
	return TEST_MAIN(argc, argv, slots_are_different_and_end, slots_that_were_freed_come_back,
			 a_freed_slot_is_empty, nothing_beyond_the_slots_is_freed, a_server_is_opened_once);
}
