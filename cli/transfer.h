/* All of something through a file descriptor, where read() and write() may do a part of it. */
#ifndef UNECHO_CLI_TRANSFER_H
#define UNECHO_CLI_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>

/* Signals that do not end the program only delay it. false: failed; errno says why. */
bool write_all(int fd, const void *data, size_t size);

/* false: failed, the other end is closed, or the user interrupted while nothing came. */
bool read_all(int fd, void *data, size_t size);

#endif
