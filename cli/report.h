/* Standard error: errors, warnings, notes, and a status line on a terminal. */
#ifndef UNECHO_CLI_REPORT_H
#define UNECHO_CLI_REPORT_H

#include <stdbool.h>
#include <stdio.h>

/* EXIT_PROBLEMS: done, and the recordings have problems. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_WRONG_USAGE = 2, EXIT_PROBLEMS = 3 };

#if defined(__MINGW32__)
/* The formats of C, not those of Windows' own library. */
#define REPORT_FORMAT(text, first) __attribute__((__format__(__gnu_printf__, text, first)))
#elif defined(__GNUC__)
#define REPORT_FORMAT(text, first) __attribute__((__format__(__printf__, text, first)))
#else
#define REPORT_FORMAT(text, first)
#endif

/* No more notes and no status line; errors and warnings remain. */
void report_be_quiet(void);

/* Put a question mark in place of each control character: names of files may have line ends and
 * what changes a terminal. Messages on standard error are made so. */
void report_make_plain(char *text);

/* Send messages there, notes included, as they are and with a zero at the end of each, without the
 * program's name; no status line. NULL: to standard error again. */
void report_to(FILE *stream);

REPORT_FORMAT(1, 2) void report_error(const char *format, ...);
REPORT_FORMAT(1, 2) void report_warning(const char *format, ...);
REPORT_FORMAT(1, 2) void report_note(const char *format, ...);

/* Returns false. */
static inline bool report_no_memory(void)
{
    report_error("out of memory");
    return false;
}

/* The command line is invalid: an error, and how to get help on the command ("": on all). */
REPORT_FORMAT(2, 3) void report_usage(const char *command, const char *format, ...);

/* Flush standard output. false: something that was printed is lost, reported. */
bool report_output_written(void);

/* Whether a status line would be visible. */
bool report_has_status(void);

/* Rewrite the status line; "" erases it. Messages erase it first. */
void report_status(const char *line);

#endif
