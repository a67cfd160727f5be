/*
 * What the user is told on standard error: errors, warnings, notes, and a status line on a
 * terminal. It does not know what the messages are about.
 */
#ifndef UNECHO_CLI_REPORT_H
#define UNECHO_CLI_REPORT_H

#include <stdbool.h>
#include <stddef.h>

/* EXIT_PROBLEMS: done, and the recordings have problems. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_WRONG_USAGE = 2, EXIT_PROBLEMS = 3 };

#if defined(__GNUC__)
#define REPORT_FORMAT(text, first) __attribute__((__format__(__printf__, text, first)))
#else
#define REPORT_FORMAT(text, first)
#endif

/* From here on neither notes nor a status line; errors and warnings stay. */
void report_be_quiet(void);

REPORT_FORMAT(1, 2) void report_error(const char *format, ...);
REPORT_FORMAT(1, 2) void report_warning(const char *format, ...);
REPORT_FORMAT(1, 2) void report_note(const char *format, ...);

/* The command line is invalid: an error, and how to get help on the command ("": on all). */
REPORT_FORMAT(2, 3) void report_usage(const char *command, const char *format, ...);

/* Flush standard output. false: it could not take all that was printed, reported. */
bool report_output_written(void);

/* Whether a status line would be seen at all. */
bool report_has_status(void);

/* Rewrite the status line; "" erases it. Messages erase it by themselves. */
void report_status(const char *line);

#endif
