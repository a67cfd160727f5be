/*
 * What the command line needs of POSIX and MinGW-w64 does not have. The build includes it in every
 * file for Windows; the headers beside it stand for those that are missing there.
 */
#ifndef UNECHO_CLI_WINDOWS_POSIX_H
#define UNECHO_CLI_WINDOWS_POSIX_H

#include <direct.h>
#include <fcntl.h>
#include <io.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

/* First in main: the bytes of files as they are, and '/' for '\' in the words. */
void windows_begin(int argc, char **argv);

/* Those of MinGW-w64 convert doubles to float in a branch that is not taken. */
#undef isfinite
#undef isnan
#define isfinite(x) __builtin_isfinite(x)
#define isnan(x)    __builtin_isnan(x)

/* ---- Files ------------------------------------------------------------------------------ */

/* With the identity of a file, and the number of its names. */
struct windows_stat {
    uint64_t st_dev, st_ino, st_rdev;
    unsigned st_nlink, st_uid, st_gid;
    unsigned short st_mode;
    int64_t st_size;
};
int windows_stat(const char *path, struct windows_stat *status);
int windows_fstat(int fd, struct windows_stat *status);
#undef stat
#undef fstat
#define stat  windows_stat
#define fstat windows_fstat
#define lstat windows_stat

/* A file that is there, beside whoever has it open. */
int windows_open(const char *path, int flags);
#define open windows_open

/* May be unlinked while it is open, and is gone once it is closed. */
int windows_mkstemp(char *pattern);
#define mkstemp windows_mkstemp

/* Replaces a file that is there. */
int windows_rename(const char *from, const char *to);
#define rename windows_rename

/* Counts as POSIX has them. */
ssize_t windows_read(int fd, void *bytes, size_t size);
ssize_t windows_write(int fd, const void *bytes, size_t size);
#define read  windows_read
#define write windows_write

/* resolved: NULL. */
char *realpath(const char *path, char *resolved);
ssize_t pread(int fd, void *bytes, size_t size, off_t at);
char *strndup(const char *text, size_t size);

#define mkdir(path, mode) _mkdir(path)

#define O_CLOEXEC O_NOINHERIT
#define O_NOCTTY  0
#define F_GETFD   1
/* F_GETFD only: whether the descriptor is open. */
int fcntl(int fd, int what, ...);

static inline mode_t windows_umask(int mask)
{
    return (mode_t)_umask(mask);
}
#define umask windows_umask

/* Files have neither owners nor modes that would matter. */
static inline int windows_refuse(void)
{
    return -1;
}
#define geteuid()                0
#define fchown(fd, owner, group) windows_refuse()
#define fchmod(fd, mode)         ((void)(mode), windows_refuse())
/* Only for the commands that are left out. */
#define dirfd(folder)             (-1)
#define unlinkat(fd, name, flags) windows_refuse()

/* ---- Other programs: there are none ----------------------------------------------------- */

#define FD_CLOEXEC      1
#define F_SETFD         2
#define F_DUPFD_CLOEXEC 3
#define pipe(ends)      _pipe(ends, 4096, O_BINARY)

#endif
