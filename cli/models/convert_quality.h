/* What a converted model has lost: both models over a recording, compared. */
#ifndef UNECHO_CLI_CONVERT_QUALITY_H
#define UNECHO_CLI_CONVERT_QUALITY_H

#include "bench/measure.h"

#include "unecho.h"

#include <stdbool.h>

/* The second model's output compared with the first one's. */
struct quality {
    double max_difference;          /* of full scale */
    double snr_db;                  /* infinite: equal */
    double erle_db, source_erle_db; /* over the hops with an active far end; NaN: none */
    bool equal;                     /* bit for bit */
};

/* Both on the native backend in this precision. false: failed, reported. */
bool quality_measure(struct quality *quality, unecho_model *source, unecho_model *copy,
                     unecho_precision precision, const struct bench_audio *audio);

#endif
