/*
 * Runs the command line in a folder of its own and looks at what it leaves there. It does not know
 * what the command line is supposed to do.
 */
#ifndef UNECHO_TEST_COMMAND_H
#define UNECHO_TEST_COMMAND_H

#include "signals.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

/* Group fixtures: a new working directory, removed with all that is in it. */
int enter_folder(void **state);
int leave_folder(void **state);

/* What a run is given besides its arguments; all zero for the usual. */
typedef struct surroundings {
    const char *input;  /* file for standard input; NULL: an empty one */
    const char *output; /* file for standard output; NULL: one that outcome.output is read from */
    bool no_input;      /* standard input is closed */
    bool no_output;     /* standard output is closed */
    long largest_file;  /* bytes after which writing a file fails; 0: no limit */
} surroundings;

typedef struct outcome {
    int code;            /* exit code, -1 if a signal ended it */
    char output[8192];   /* standard output, as far as it goes */
    char messages[8192]; /* standard error */
} outcome;

/* Run the tool (environment variable UNECHO_TOOL) with words, separated by single blanks. */
void run(outcome *result, const char *words);
void run_in(outcome *result, const surroundings *around, const char *words);

/* Start it without waiting, and wait. */
pid_t start(const surroundings *around, const char *words);
void finish(outcome *result, pid_t pid);

/* Fail the test unless the run ended with code, and show what it said. */
void expect_code(const outcome *result, int code);
/* Fail the test unless text has part. */
void expect_part(const char *text, const char *part);

/* A mono file at 16 kHz; format as libsndfile's; its clipping is on. */
void write_sound(const char *path, int format, const float *samples, size_t count);
void write_sound_as(const char *path, int format, int rate, int channels, const float *samples,
                    size_t frames);
/* libsndfile's format of a file. */
int format_of(const char *path);

void write_bytes(const char *path, const void *bytes, size_t size);
/* To be freed by the caller; a zero follows the bytes. */
char *read_bytes(const char *path, size_t *size);

bool exists(const char *path);
/* Hidden files in the folder: what is unfinished. */
int count_hidden(void);

#endif
