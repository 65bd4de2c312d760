/* save.c: save_reply. */
#include "harness.h"

TEST(save_reply_without_a_caller_is_refused)
{
	COVERS(SAVE_REPLY, NO_REPLY);
	REFUSED(NO_REPLY, sys_save_reply(slots_new(1)));
}
