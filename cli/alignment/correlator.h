/*
 * Generalized cross-correlation with phase transform (Knapp and Carter, "The generalized
 * correlation method for estimation of time delay", 1976) of two stretches of sound. It does not
 * know where the stretches come from.
 */
#ifndef UNECHO_CLI_CORRELATOR_H
#define UNECHO_CLI_CORRELATOR_H

#include "dsp/fft.h"

#include <stdbool.h>
#include <stddef.h>

/* The sample rate of both signals, Hz. */
#define CORRELATOR_RATE 8000

struct correlator {
    size_t size;
    real_fft *fft;
    float *window;            /* [size] a signal to take, then the correlation */
    float *echo_re, *echo_im; /* spectra */
    float *source_re, *source_im;
    float *cross_re, *cross_im;
    double echo_breadth, source_breadth; /* bins that hold most of the energy, about */
    float *memory;
};

struct correlator_peak {
    double lag;    /* of the echo behind the source, in samples, refined between samples */
    double size;   /* its magnitude */
    double height; /* over the root mean square of all lags */
    /* Energy relative to the peak's: just after it, just before it, and of as much noise; 0: the
     * peak lies too close to the edge. */
    double after, before, floor;
};

/* size: a power of two. false: out of memory. correlator_close in either case. */
bool correlator_open(struct correlator *c, size_t size);
void correlator_close(struct correlator *c);

/* Take what is in the window, which is left undefined. */
void correlator_take_echo(struct correlator *c);
void correlator_take_source(struct correlator *c);

/* Whether neither is made of a few tones, as those of a telephone, which are alike at many lags. */
bool correlator_tells(const struct correlator *c);

/* Correlate the two; both stay taken. */
void correlator_run(struct correlator *c);

/* The highest peak of either sign among the lags first to last, at most size in number. */
struct correlator_peak correlator_find(const struct correlator *c, long first, long last);

/* Take a peak out of the correlation, to find the next one. */
void correlator_remove(struct correlator *c, double lag);

#endif
