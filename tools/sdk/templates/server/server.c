/*
 * server.c: the @NAME@ server. Owns a count and a word for each of its callers, by badge. The interface is
 * @NAME@.idl; what does not follow it never gets here.
 */
#include <string.h>
#include <@NAME@_server.h>
#include <tessera/start.h>

#define SERVICE SLOT_EXTRA      /* the endpoint that clients call; proc owns it */

static struct caller {
	uint64_t badge;         /* 0: nobody's yet */
	uint64_t count;
	uint64_t last;          /* number of the caller's last call */
	char word[33];
} callers[@UPPER@_CALLERS];

static uint64_t calls;

/* The caller's record; for a new caller the one that was not asked for longest. */
static struct caller *caller_find(uint64_t badge)
{
	struct caller *found = &callers[0];

	for (unsigned i = 0; i < @UPPER@_CALLERS && found->badge != badge; i++)
		if (callers[i].badge == badge || callers[i].last < found->last)
			found = &callers[i];
	if (found->badge != badge)
		*found = (struct caller){ .badge = badge };
	found->last = ++calls;
	return found;
}

int @NAME@_on_add(const struct @NAME@_request *request, uint32_t amount, uint64_t *count_out)
{
	struct caller *caller = caller_find(request->badge);

	if (amount > @UPPER@_MOST)
		return E_TOO_BIG;
	*count_out = caller->count += amount;
	return 0;
}

int @NAME@_on_reset(const struct @NAME@_request *request, const char *word)
{
	struct caller *caller = caller_find(request->badge);

	caller->count = 0;
	strcpy(caller->word, word);
	return 0;
}

int @NAME@_on_word(const struct @NAME@_request *request, char *word_out)
{
	const struct caller *caller = caller_find(request->badge);

	strcpy(word_out, caller->word);
	return caller->word[0] ? 0 : E_NOT_FOUND;
}

int main(void)
{
	return @NAME@_loop(SERVICE, NULL);
}
