/*
 * What the user is told on standard error: errors, warnings, notes, and a status line on a
 * terminal. It does not know what the messages are about.
 */
#ifndef UNECHO_TOOL_REPORT_H
#define UNECHO_TOOL_REPORT_H

#include <stdbool.h>
#include <stddef.h>

/* EXIT_PROBLEMS: done, and something is wrong with what was looked at. */
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

/* The command line is wrong: an error with a hint to the help of command, "" for the tool's own. */
REPORT_FORMAT(2, 3) void report_usage(const char *command, const char *format, ...);

/* Whether a status line would be seen at all. */
bool report_has_status(void);

/* Rewrite the status line; "" erases it. Messages erase it by themselves. */
void report_status(const char *line);

#endif
