/*
 * Runs the command line in a temporary folder and inspects what it leaves there. Knows nothing
 * about what the command line should do.
 */
#ifndef UNECHO_TEST_COMMAND_H
#define UNECHO_TEST_COMMAND_H

#include "signals.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

/* Group fixtures: a new working directory, removed with its contents. */
int enter_folder(void **state);
int leave_folder(void **state);

/* What a run gets besides its arguments; all zero for the usual. */
typedef struct surroundings {
    const char *input;  /* file for standard input; NULL: an empty one */
    const char *output; /* file for standard output; NULL: captured in outcome.output */
    bool no_input;      /* standard input is closed */
    bool no_output;     /* standard output is closed */
    long largest_file;  /* writing a file fails after so many bytes; 0: no limit */
} surroundings;

typedef struct outcome {
    int code;            /* exit code; -1 if a signal ended it */
    char output[8192];   /* standard output, truncated to fit */
    char messages[8192]; /* standard error */
} outcome;

/* Run the tool (environment variable UNECHO_TOOL) with words separated by single blanks. */
void run(outcome *result, const char *words);
void run_in(outcome *result, const surroundings *around, const char *words);

/* Start it without waiting; wait for it. */
pid_t start(const surroundings *around, const char *words);
void finish(outcome *result, pid_t pid);

/* Fail the test and show the output unless the run ended with code. */
void expect_code(const outcome *result, int code);
/* Fail the test unless text contains part. */
void expect_part(const char *text, const char *part);

/* Write a mono file at 16 kHz in one of libsndfile's formats, with clipping. */
void write_sound(const char *path, int format, const float *samples, size_t count);
void write_sound_as(const char *path, int format, int rate, int channels, const float *samples,
                    size_t frames);
/* A file's format as libsndfile names it. */
int format_of(const char *path);

void write_bytes(const char *path, const void *bytes, size_t size);
/* Followed by a zero. Freed by the caller. */
char *read_bytes(const char *path, size_t *size);

bool exists(const char *path);
/* Hidden files in the folder: unfinished output. */
int count_hidden(void);

#endif
