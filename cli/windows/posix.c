#include <windows.h>

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#if !defined(ENABLE_VIRTUAL_TERMINAL_PROCESSING)
#define ENABLE_VIRTUAL_TERMINAL_PROCESSING 4
#endif

void windows_begin(int argc, char **argv)
{
    const HANDLE terminal = GetStdHandle(STD_ERROR_HANDLE);
    DWORD mode;
    _fmode = O_BINARY;
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        _setmode(fd, O_BINARY);
    /* For the status line. */
    if (GetConsoleMode(terminal, &mode))
        SetConsoleMode(terminal, mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING);
    for (int i = 1; i < argc; i++)
        for (char *c = argv[i]; *c; c++)
            if (*c == '\\')
                *c = '/';
}

static int fail(DWORD error)
{
    switch (error) {
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
    case ERROR_INVALID_NAME:
    case ERROR_BAD_NETPATH:
        errno = ENOENT;
        break;
    case ERROR_FILE_EXISTS:
    case ERROR_ALREADY_EXISTS:
        errno = EEXIST;
        break;
    case ERROR_ACCESS_DENIED:
    case ERROR_SHARING_VIOLATION:
        errno = EACCES;
        break;
    case ERROR_DISK_FULL:
        errno = ENOSPC;
        break;
    default:
        errno = EIO;
    }
    return -1;
}

/* ---- Files ------------------------------------------------------------------------------ */

enum { SHARED = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE };

/* What a shell has redirected may tell its size only: different from all others. */
static int describe_redirected(HANDLE file, struct windows_stat *status)
{
    LARGE_INTEGER size;
    if (!GetFileSizeEx(file, &size))
        return fail(GetLastError());
    status->st_mode = S_IFREG;
    status->st_dev = UINT64_MAX;
    status->st_ino = (uintptr_t)file;
    status->st_size = size.QuadPart;
    return 0;
}

static int describe(HANDLE file, struct windows_stat *status)
{
    BY_HANDLE_FILE_INFORMATION information;
    *status = (struct windows_stat){.st_nlink = 1};
    if (GetFileType(file) != FILE_TYPE_DISK) {
        status->st_mode = GetFileType(file) == FILE_TYPE_CHAR ? S_IFCHR : S_IFIFO;
        return 0;
    }
    if (!GetFileInformationByHandle(file, &information))
        return describe_redirected(file, status);
    status->st_mode = information.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY ? S_IFDIR : S_IFREG;
    status->st_dev = information.dwVolumeSerialNumber;
    status->st_ino = (uint64_t)information.nFileIndexHigh << 32 | information.nFileIndexLow;
    status->st_nlink = information.nNumberOfLinks;
    status->st_size = (int64_t)information.nFileSizeHigh << 32 | information.nFileSizeLow;
    return 0;
}

int windows_stat(const char *path, struct windows_stat *status)
{
    /* With these flags a directory, too, and without access to what is in it. */
    const HANDLE file =
        CreateFileA(path, 0, SHARED, NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return fail(GetLastError());
    const int result = describe(file, status);
    CloseHandle(file);
    return result;
}

int windows_fstat(int fd, struct windows_stat *status)
{
    const HANDLE file = (HANDLE)_get_osfhandle(fd);
    if (file == INVALID_HANDLE_VALUE) {
        errno = EBADF;
        return -1;
    }
    return describe(file, status);
}

int windows_open(const char *path, int flags)
{
    const bool writes = flags & (O_WRONLY | O_RDWR), reads = !(flags & O_WRONLY);
    const HANDLE file = CreateFileA(path, (reads ? GENERIC_READ : 0) | (writes ? GENERIC_WRITE : 0),
                                    SHARED, NULL, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
    return file == INVALID_HANDLE_VALUE ? fail(GetLastError())
                                        : _open_osfhandle((intptr_t)file, flags | O_BINARY);
}

int windows_mkstemp(char *pattern)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    char *const place = pattern + strlen(pattern) - 6;
    for (int trial = 0; trial < 100; trial++) {
        uint64_t random = (uint64_t)GetCurrentProcessId() * 0x9E3779B97F4A7C15u +
                          (uint64_t)GetTickCount() * 0xBF58476D1CE4E5B9u + (uint64_t)trial;
        for (int i = 0; i < 6; i++, random /= 36)
            place[i] = letters[random % 36];
        const HANDLE file = CreateFileA(pattern, GENERIC_READ | GENERIC_WRITE | DELETE, SHARED,
                                        NULL, CREATE_NEW, FILE_ATTRIBUTE_TEMPORARY, NULL);
        if (file != INVALID_HANDLE_VALUE)
            return _open_osfhandle((intptr_t)file, O_RDWR | O_BINARY | O_NOINHERIT);
        if (GetLastError() != ERROR_FILE_EXISTS)
            return fail(GetLastError());
    }
    errno = EEXIST;
    return -1;
}

int windows_rename(const char *from, const char *to)
{
    /* What was temporary is so no longer. */
    SetFileAttributesA(from, FILE_ATTRIBUTE_NORMAL);
    return MoveFileExA(from, to, MOVEFILE_REPLACE_EXISTING) ? 0 : fail(GetLastError());
}

/* Bytes at a time. */
enum { IO_MOST = 1 << 30 };

ssize_t windows_read(int fd, void *bytes, size_t size)
{
    return _read(fd, bytes, size < IO_MOST ? (unsigned)size : IO_MOST);
}

ssize_t windows_write(int fd, const void *bytes, size_t size)
{
    return _write(fd, bytes, size < IO_MOST ? (unsigned)size : IO_MOST);
}

char *realpath(const char *path, char *resolved)
{
    char *full = resolved ? NULL : _fullpath(NULL, path, 0);
    for (char *c = full; c && *c; c++)
        if (*c == '\\')
            *c = '/';
    return full;
}

ssize_t pread(int fd, void *bytes, size_t size, off_t at)
{
    const off_t before = lseek(fd, 0, SEEK_CUR);
    if (before < 0 || lseek(fd, at, SEEK_SET) < 0)
        return -1;
    const ssize_t got = read(fd, bytes, size);
    lseek(fd, before, SEEK_SET);
    return got;
}

char *strndup(const char *text, size_t size)
{
    const size_t length = strnlen(text, size);
    char *copy = malloc(length + 1);
    if (copy) {
        memcpy(copy, text, length);
        copy[length] = '\0';
    }
    return copy;
}

int fcntl(int fd, int what, ...)
{
    if (what == F_GETFD && _get_osfhandle(fd) >= 0)
        return 0;
    errno = EBADF;
    return -1;
}
