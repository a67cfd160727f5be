/* The summary of a run, as text and as JSON. It measures nothing itself. */
#ifndef UNECHO_CLI_SUMMARY_H
#define UNECHO_CLI_SUMMARY_H

#include "unecho.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* From the microphone to the output, where only one end is heard. */
struct level_change {
    double seconds, db;
};

struct summary {
    const char *output;     /* its name */
    const char *mic, *far;  /* those of the inputs */
    unsigned channels;      /* of the output */
    const char *format;     /* described in words */
    int mic_rate, far_rate; /* Hz */
    double seconds;         /* of audio */
    double wall_seconds;    /* from begin to end, with what else the process did meanwhile */
    double cpu_seconds;     /* that it cost: of what it shared with others, an equal part */
    int latency_samples;    /* left in the output */
    double mic_db, out_db;  /* mean power, dB of full scale; -inf for silence */
    struct level_change far_alone, near_alone;
    bool unfit; /* the recordings are such that the ERLE says nothing */
    unecho_engine engine;
    unecho_align align;
    unecho_stats stream; /* ERLE, delay, ... */
    double peak;         /* of the output before peak normalisation */
    double scale;        /* that peak normalisation applied; 1: none */
    uint64_t mic_clipped_samples, far_clipped_samples; /* as they came */
    uint64_t clipped_samples;                          /* of the output */
};

/* A few lines of text. */
void summary_print(const struct summary *summary, FILE *stream);

/* One JSON object on a line; null: not finite. */
void summary_print_json(const struct summary *summary, FILE *stream);
/* The same without the braces and the line end. */
void summary_print_members(const struct summary *summary, FILE *stream);

#endif
