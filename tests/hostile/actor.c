/*
 * actor.c: the program of all processes that the session starts: the shared page says which role it plays.
 */
#include <mem_client.h>
#include "shared.h"

int main(void)
{
	uint64_t at = 0;

	if (mem_map_object(SLOT_SPACE, SLOT_SHARED, 0, 0, PAGE_SIZE, MEM_READ | MEM_WRITE, 0, &at))
		return 1;
	switch (((volatile struct shared *)at)->role) {
	case ROLE_HOSTILE:
		hostile_run((volatile struct shared *)at);
	case ROLE_BYSTANDER:
		bystander_run((volatile struct shared *)at);
	case ROLE_VICTIM:
		victim_run((volatile struct shared *)at);
	case ROLE_PARTNER:
		partner_run((volatile struct shared *)at);
	}
	return 2;
}
