/*
 * The analysis of a pair of recordings (analyse.c), the diagnosis (judge.c) and its output
 * (print.c, plot.c).
 */
#ifndef UNECHO_CLI_DOCTOR_H
#define UNECHO_CLI_DOCTOR_H

#include "alignment/order.h"
#include "doctor/aim.h"
#include "doctor/cancel.h"
#include "doctor/delay.h"
#include "doctor/input.h"
#include "doctor/spectrogram.h"
#include "doctor/survey.h"
#include "files/audio_reader.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Drift that the canceller follows. */
#define FOLLOWED_PPM 300.0

struct analysis {
    struct doctor_input *input;
    struct surveyed mic, far;
    bool same;              /* both hold the same signal */
    struct aim aim;         /* the rest is of what it has chosen */
    struct delay_line line; /* of the microphone against the far end, as they were recorded */
    double delay_ms;        /* of the echo at the start of the part; NaN: none is found */
    /*
     * The far end fits if its rate is this many times the one its file states; 1: as stated. line
     * is that of the corrected far end.
     */
    double rate_factor;
    bool own_voice;          /* the far end holds the user's besides what has an echo */
    bool no_echo;            /* of the far end the microphone hears nothing but that voice */
    struct alone alone;      /* after alignment */
    bool swapped;            /* the far end contains the echo of the microphone */
    double expected_erle_db; /* of a linear filter; NaN: no echo */
    bool was_cancelled;      /* the figures below are valid */
    struct cancelled cancelled;
    struct levels out_levels;
    spectrogram *pictures;        /* [2] of the microphone and of the output; NULL: unwanted */
    double near_seconds, near_db; /* gain while only the near end is active */
};

/* false: failed or interrupted, reported. analysis_free in either case. */
bool doctor_analyse(struct analysis *analysis, struct doctor_input *input, unecho_model *model,
                    bool with_pictures);
/* The same, with pictures, for a pair whose echo has been cancelled: out is as long as the
 * microphone, at its rate. */
bool doctor_analyse_output(struct analysis *analysis, struct doctor_input *input,
                           unecho_model *model, audio_reader *out, const unecho_stats *stats);
void analysis_free(struct analysis *analysis);

/* ---- Conclusions ------------------------------------------------------------------------ */

enum { DOCTOR_MOST_FINDINGS = 24 };

struct finding {
    const char *code; /* words with dashes, for programs */
    bool problem;     /* else worth knowing */
    char what[320];
    char advice[400]; /* "": nothing to do */
};

struct diagnosis {
    char verdict[400];
    struct finding findings[DOCTOR_MOST_FINDINGS]; /* problems first */
    size_t count, problems;
};

void doctor_judge(struct diagnosis *diagnosis, const struct analysis *analysis);

/* ---- Showing ---------------------------------------------------------------------------- */

void doctor_print(const struct analysis *analysis, const struct diagnosis *diagnosis, FILE *stream);

/* One JSON object on a line; null: not finite. */
void doctor_print_json(const struct analysis *analysis, const struct diagnosis *diagnosis,
                       FILE *stream);

/* Verdict and findings as members of an object. */
void doctor_print_members(const struct diagnosis *diagnosis, FILE *stream);

/* An SVG: delay, levels, spectrograms before and after, of an analysis with pictures. */
void doctor_plot(const struct analysis *analysis, const struct diagnosis *diagnosis, FILE *stream);

#endif
