/* A read waits by itself; the handler of Ctrl-C has a thread of its own. */
#ifndef UNECHO_CLI_WINDOWS_POLL_H
#define UNECHO_CLI_WINDOWS_POLL_H

#define POLLIN 1

struct pollfd {
    int fd;
    short events, revents;
};

static inline int poll(struct pollfd *files, unsigned long n, int milliseconds)
{
    (void)files;
    (void)milliseconds;
    return (int)n;
}

#endif
