/*
 * stdio.h: libc/stdio's streams in place of picolibc's: buffered, locked per call, every open stream written
 * out by exit. What is declared is there; wide characters are not.
 */
#ifndef _STDIO_H_
#define _STDIO_H_ 1

#include <sys/cdefs.h>
#include <sys/_types.h>
#include <stdarg.h>
#define __need_NULL
#define __need_size_t
#include <stddef.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct __file __FILE;
#ifndef __FILE_defined
typedef __FILE FILE;
#define __FILE_defined
#endif
typedef long fpos_t;

extern FILE *const stdin, *const stdout, *const stderr;
#define stdin  stdin
#define stdout stdout
#define stderr stderr

#define EOF (-1)
#define BUFSIZ 4096
#define _IOFBF 0
#define _IOLBF 1
#define _IONBF 2
#ifndef SEEK_SET
#define SEEK_SET 0
#define SEEK_CUR 1
#define SEEK_END 2
#endif
#define FILENAME_MAX 200
#define FOPEN_MAX    64
#define L_tmpnam     20
#define L_ctermid    16
#define TMP_MAX      100000
#define P_tmpdir     "/tmp"

#define __PRINTF(format, first) __attribute__((__format__(__printf__, format, first)))
#define __SCANF(format, first)  __attribute__((__format__(__scanf__, format, first)))

FILE *fopen(const char *__restrict, const char *__restrict);
FILE *freopen(const char *__restrict, const char *__restrict, FILE *__restrict);
int fclose(FILE *);
int fflush(FILE *);
void setbuf(FILE *__restrict, char *__restrict);
int setvbuf(FILE *__restrict, char *__restrict, int, size_t);
FILE *tmpfile(void);
char *tmpnam(char *);
int remove(const char *);
int rename(const char *, const char *);

size_t fread(void *__restrict, size_t, size_t, FILE *__restrict);
size_t fwrite(const void *__restrict, size_t, size_t, FILE *__restrict);
int fgetc(FILE *);
int getc(FILE *);
int getchar(void);
int ungetc(int, FILE *);
char *fgets(char *__restrict, int, FILE *__restrict);
int fputc(int, FILE *);
int putc(int, FILE *);
int putchar(int);
int fputs(const char *__restrict, FILE *__restrict);
int puts(const char *);
#if !defined(__STDC_VERSION__) || __STDC_VERSION__ < 201112L || !defined(__STRICT_ANSI__)
char *gets(char *);
#endif

int fseek(FILE *, long, int);
long ftell(FILE *);
void rewind(FILE *);
int fgetpos(FILE *__restrict, fpos_t *__restrict);
int fsetpos(FILE *, const fpos_t *);
int feof(FILE *);
int ferror(FILE *);
void clearerr(FILE *);
void perror(const char *);

int printf(const char *__restrict, ...) __PRINTF(1, 2);
int fprintf(FILE *__restrict, const char *__restrict, ...) __PRINTF(2, 3);
int sprintf(char *__restrict, const char *__restrict, ...) __PRINTF(2, 3);
int snprintf(char *__restrict, size_t, const char *__restrict, ...) __PRINTF(3, 4);
int vprintf(const char *__restrict, va_list) __PRINTF(1, 0);
int vfprintf(FILE *__restrict, const char *__restrict, va_list) __PRINTF(2, 0);
int vsprintf(char *__restrict, const char *__restrict, va_list) __PRINTF(2, 0);
int vsnprintf(char *__restrict, size_t, const char *__restrict, va_list) __PRINTF(3, 0);
int scanf(const char *__restrict, ...) __SCANF(1, 2);
int fscanf(FILE *__restrict, const char *__restrict, ...) __SCANF(2, 3);
int sscanf(const char *__restrict, const char *__restrict, ...) __SCANF(2, 3);
int vscanf(const char *__restrict, va_list) __SCANF(1, 0);
int vfscanf(FILE *__restrict, const char *__restrict, va_list) __SCANF(2, 0);
int vsscanf(const char *__restrict, const char *__restrict, va_list) __SCANF(2, 0);

#if __POSIX_VISIBLE
FILE *fdopen(int, const char *);
int fileno(FILE *);
FILE *popen(const char *, const char *);
int pclose(FILE *);
FILE *fmemopen(void *__restrict, size_t, const char *__restrict);
FILE *open_memstream(char **, size_t *);
int fseeko(FILE *, off_t, int);
off_t ftello(FILE *);
void flockfile(FILE *);
int ftrylockfile(FILE *);
void funlockfile(FILE *);
int getc_unlocked(FILE *);
int getchar_unlocked(void);
int putc_unlocked(int, FILE *);
int putchar_unlocked(int);
ssize_t getline(char **__restrict, size_t *__restrict, FILE *__restrict);
ssize_t getdelim(char **__restrict, size_t *__restrict, int, FILE *__restrict);
int dprintf(int, const char *__restrict, ...) __PRINTF(2, 3);
int vdprintf(int, const char *__restrict, va_list) __PRINTF(2, 0);
#endif
#if __MISC_VISIBLE
int asprintf(char **__restrict, const char *__restrict, ...) __PRINTF(2, 3);
int vasprintf(char **__restrict, const char *__restrict, va_list) __PRINTF(2, 0);
void setbuffer(FILE *, char *, size_t);
void setlinebuf(FILE *);
size_t fread_unlocked(void *__restrict, size_t, size_t, FILE *__restrict);
size_t fwrite_unlocked(const void *__restrict, size_t, size_t, FILE *__restrict);
int fputs_unlocked(const char *__restrict, FILE *__restrict);
int fgetc_unlocked(FILE *);
int fputc_unlocked(int, FILE *);
int fflush_unlocked(FILE *);
int feof_unlocked(FILE *);
int ferror_unlocked(FILE *);
void clearerr_unlocked(FILE *);
#endif

#ifdef __cplusplus
}
#endif
#endif
