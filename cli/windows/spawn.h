/* No program is ever found: pictures are SVG, and sound files those that libsndfile reads. */
#ifndef UNECHO_CLI_WINDOWS_SPAWN_H
#define UNECHO_CLI_WINDOWS_SPAWN_H

#include <errno.h>
#include <sys/types.h>

typedef int posix_spawn_file_actions_t;

static inline int posix_spawn_file_actions_init(posix_spawn_file_actions_t *actions)
{
    *actions = 0;
    errno = ENOENT;
    return ENOENT;
}

static inline int posix_spawn_file_actions_addopen(posix_spawn_file_actions_t *actions, int fd,
                                                   const char *path, int flags, mode_t mode)
{
    (void)fd, (void)path, (void)flags, (void)mode;
    return *actions;
}

static inline int posix_spawn_file_actions_adddup2(posix_spawn_file_actions_t *actions, int fd,
                                                   int to)
{
    (void)fd, (void)to;
    return *actions;
}

static inline int posix_spawn_file_actions_destroy(posix_spawn_file_actions_t *actions)
{
    return *actions;
}

static inline int posix_spawnp(pid_t *pid, const char *file,
                               const posix_spawn_file_actions_t *actions, const void *attributes,
                               char *const words[], char *const environment[])
{
    (void)pid, (void)file, (void)actions, (void)attributes, (void)words, (void)environment;
    return ENOENT;
}

#endif
