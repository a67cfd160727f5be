/* Whether a backend does the work that it is timed for: its output against a reference. */
#ifndef UNECHO_CLI_BENCH_COMPARE_H
#define UNECHO_CLI_BENCH_COMPARE_H

#include <stddef.h>

enum verdict {
    VERDICT_GOOD,
    VERDICT_NOT_FINITE,  /* NaN or infinity in the output */
    VERDICT_SILENT,      /* silent although it should not be */
    VERDICT_OFF,         /* too far from the reference */
    VERDICT_UNSTEADY,    /* not the same output in every round; not from compare_outputs */
    VERDICT_NO_REFERENCE /* the reference itself is silent or not finite */
};

struct comparison {
    enum verdict verdict;
    double max_difference; /* largest magnitude of the difference; NaN: not finite */
    double snr_db;         /* the reference's power over the difference's; infinite: equal */
};

/* least_snr_db: what a good output needs. */
struct comparison compare_outputs(const float *reference, const float *output, size_t n,
                                  double least_snr_db);

/* The less favourable of two. */
struct comparison compare_worse(struct comparison a, struct comparison b);

/* A few words; "" for VERDICT_GOOD. */
const char *verdict_in_words(enum verdict verdict);

#endif
