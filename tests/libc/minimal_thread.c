/* minimal_thread.c: what one thread and its lock cost (make size). */
#include <pthread.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void *run(void *arg)
{
	pthread_mutex_lock(&mutex);
	pthread_mutex_unlock(&mutex);
	return arg;
}

int main(void)
{
	pthread_t thread;
	void *result = &thread;

	if (pthread_create(&thread, 0, run, 0) || pthread_join(thread, &result))
		return 1;
	return result != 0;
}
