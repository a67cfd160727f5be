/*
 * What a converted model has lost: both over a recording, compared. It does not know how it was
 * converted.
 */
#ifndef UNECHO_CLI_CONVERT_QUALITY_H
#define UNECHO_CLI_CONVERT_QUALITY_H

#include "bench/measure.h"

#include "unecho.h"

#include <stdbool.h>

/* The second model's output against the first one's. */
struct quality {
    double max_difference;          /* of full scale */
    double snr_db;                  /* infinite where they are equal */
    double erle_db, source_erle_db; /* over the same far-end-active hops; NaN: none */
    bool equal;                     /* bit for bit */
};

/* Both on the native engine in that precision. false: reported. */
bool quality_measure(struct quality *quality, unecho_model *source, unecho_model *copy,
                     unecho_precision precision, const struct bench_audio *audio);

#endif
