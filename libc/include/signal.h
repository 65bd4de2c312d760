/* signal.h: see sys/signal.h. */
#ifndef _SIGNAL_H_
#define _SIGNAL_H_ 1
#include <sys/signal.h>
#endif
