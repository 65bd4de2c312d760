/* key.c: thread-specific data. */
#include <errno.h>
#include "queue.h"

static struct lock lock;
static struct key {
	void (*destructor)(void *);
	uint32_t generation;           /* odd: in use; so what an earlier key of this number stored is not seen */
} keys[PTHREAD_KEYS_MAX];              /* under the lock; read without by those who own a key */

static _Thread_local struct value {
	const void *data;
	uint32_t generation;
} values[PTHREAD_KEYS_MAX];

static bool in_use(pthread_key_t key)
{
	return key < PTHREAD_KEYS_MAX && keys[key].generation % 2;
}

int pthread_key_create(pthread_key_t *out, void (*destructor)(void *))
{
	pthread_key_t key = 0;

	lock_acquire(&lock);
	while (key < PTHREAD_KEYS_MAX && in_use(key))
		key++;
	if (key < PTHREAD_KEYS_MAX) {
		keys[key].destructor = destructor;
		keys[key].generation++;
	}
	lock_release(&lock);
	if (key == PTHREAD_KEYS_MAX)
		return EAGAIN;
	*out = key;
	return 0;
}

int pthread_key_delete(pthread_key_t key)
{
	bool good;

	lock_acquire(&lock);
	good = in_use(key);
	if (good)
		keys[key].generation++;
	lock_release(&lock);
	return good ? 0 : EINVAL;
}

void *pthread_getspecific(pthread_key_t key)
{
	if (!in_use(key) || values[key].generation != keys[key].generation)
		return NULL;
	return (void *)values[key].data;
}

int pthread_setspecific(pthread_key_t key, const void *data)
{
	if (!in_use(key))
		return EINVAL;
	values[key] = (struct value){ data, keys[key].generation };
	return 0;
}

static bool finish_one(pthread_key_t key)
{
	void *data = pthread_getspecific(key);
	void (*destructor)(void *) = keys[key].destructor;

	values[key].data = NULL;
	if (!data || !destructor)
		return false;
	destructor(data);
	return true;
}

void pthread_keys_finish(void)
{
	bool again = true;

	for (int turn = 0; again && turn < PTHREAD_DESTRUCTOR_ITERATIONS; turn++) {
		again = false;
		for (pthread_key_t key = 0; key < PTHREAD_KEYS_MAX; key++)
			again |= finish_one(key);
	}
}
