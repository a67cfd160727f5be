/* Ctrl-C and the like: the first ends the work at the next chunk, the second one at once. */
#ifndef UNECHO_CLI_INTERRUPT_H
#define UNECHO_CLI_INTERRUPT_H

#include <stdbool.h>

/*
 * Handle SIGINT, SIGTERM, SIGHUP and whatever else would end the program by default. Writing to a
 * closed pipe or past a file size limit becomes an error of write() instead of a signal.
 */
void interrupt_install(void);

/* From here on the first ends the program, with a message: there is nothing to be finished. */
void interrupt_ends_at_once(void);

/* In a process that another one started: SIGINT, which a terminal sends to both, does nothing, and
 * the other signals end it at once, without a message. */
void interrupt_become_child(void);

bool interrupted(void);
/* The signal's number; 0: not interrupted. */
int interrupt_signal(void);

/* Remove unfinished files and end the program. */
_Noreturn void interrupt_end(void);

/* Remove this file if the program ends at once; at most eight at a time. */
void interrupt_removes(const char *path);
/* No longer remove it. The same pointer; NULL: no change. */
void interrupt_keeps(const char *path);

#endif
