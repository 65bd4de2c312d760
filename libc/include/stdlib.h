/* stdlib.h: picolibc's, without the names that other systems leave to programs. */
#define itoa __picolibc_itoa
#define utoa __picolibc_utoa
#include_next <stdlib.h>
#undef itoa
#undef utoa
