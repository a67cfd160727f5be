/*
 * Ctrl-C and friends: the first request ends the work at the next chunk, the second one at once.
 * It does not know what the work is.
 */
#ifndef UNECHO_CLI_INTERRUPT_H
#define UNECHO_CLI_INTERRUPT_H

#include <stdbool.h>

/*
 * Take SIGINT, SIGTERM and SIGHUP as requests to end. Writing into a closed pipe or past a file
 * size limit becomes an error of write() instead of a signal.
 */
void interrupt_install(void);

bool interrupted(void);

/* A file that must not outlive the program, removed when it is ended at once; of four at a time. */
void interrupt_removes(const char *path);
/* No longer. The same pointer; NULL: nothing changes. */
void interrupt_keeps(const char *path);

#endif
