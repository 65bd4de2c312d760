/* string.h: picolibc's, without the names that other systems leave to programs. */
#define strlwr __picolibc_strlwr
#define strupr __picolibc_strupr
#define strnstr __picolibc_strnstr
#include_next <string.h>
#undef strlwr
#undef strupr
#undef strnstr
