#include "report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool quiet;
static FILE *elsewhere; /* NULL: standard error */
static size_t status_length;

void report_be_quiet(void)
{
    quiet = true;
}

void report_make_plain(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            *text = '?';
}

REPORT_FORMAT(2, 0) static void say(const char *kind, const char *format, va_list arguments)
{
    /* Room for three of the longest paths; not from malloc, which may be what has failed. */
    char text[16384] = "";
    /* GCC warns of NULL, which nobody passes, in builds with sanitizers. */
    if (format && elsewhere) {
        fputs(kind, elsewhere);
        vfprintf(elsewhere, format, arguments);
        fputc('\0', elsewhere);
    } else if (format) {
        vsnprintf(text, sizeof(text), format, arguments);
        report_make_plain(text);
        report_status("");
        fprintf(stderr, "unecho: %s%s\n", kind, text);
    }
}

void report_to(FILE *stream)
{
    elsewhere = stream;
    status_length = 0;
}

void report_error(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say("", format, arguments);
    va_end(arguments);
}

void report_warning(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say("warning: ", format, arguments);
    va_end(arguments);
}

void report_note(const char *format, ...)
{
    va_list arguments;
    if (quiet && !elsewhere)
        return;
    va_start(arguments, format);
    say("note: ", format, arguments);
    va_end(arguments);
}

void report_usage(const char *command, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say("", format, arguments);
    va_end(arguments);
    if (!elsewhere)
        fprintf(stderr, "try 'unecho %s%s--help'\n", command, *command ? " " : "");
}

bool report_output_written(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return true;
    report_error("standard output: %s", strerror(errno));
    return false;
}

bool report_has_status(void)
{
    return !quiet && !elsewhere && isatty(STDERR_FILENO) == 1;
}

void report_status(const char *line)
{
    size_t length = strlen(line);
    if (length == 0 && status_length == 0)
        return;
    /* Spaces erase the rest of a longer line; plain terminals know no escape sequences. */
    fprintf(stderr, "\r%-*s", (int)status_length, line);
    if (length == 0)
        fputc('\r', stderr);
    fflush(stderr);
    status_length = length;
}
