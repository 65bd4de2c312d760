/* setjmp.h: picolibc's, and POSIX' that keep the signal mask. */
#include_next <setjmp.h>
#ifndef _TESSERA_SETJMP_H
#define _TESSERA_SETJMP_H
#include <sys/_sigset.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
	jmp_buf __place;
	int __saved;
	__sigset_t __mask;
} sigjmp_buf[1];

void __sigjmp_save(sigjmp_buf, int);
_Noreturn void siglongjmp(sigjmp_buf, int);
#define sigsetjmp(place, save) (__sigjmp_save(place, save), setjmp((place)->__place))
#ifndef _setjmp
#define _setjmp(place)         setjmp(place)
#define _longjmp(place, value) longjmp(place, value)
#endif

#ifdef __cplusplus
}
#endif
#endif
