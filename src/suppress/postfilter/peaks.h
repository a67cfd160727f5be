/*
 * Tones in a spectrum: they stand 10 dB above the lowest of what lies two to five steps below them,
 * and above them.
 */
#ifndef UNECHO_POSTFILTER_PEAKS_H
#define UNECHO_POSTFILTER_PEAKS_H

#include "bands.h"

/* Tones are looked for in the bands from 94 Hz, below which there is hum, to 5 kHz; the bands up to
 * 1.25 kHz are single bins. */
enum { PEAKS_FIRST = 3, PEAKS_SINGLE = 40, PEAKS_END = 64 };

/* peaks [POSTFILTER_BANDS]: 1 where one of the single bins of these powers holds a tone, 0
 * elsewhere. */
void peaks_of_bins(const float *power, float *peaks);

/* shares [POSTFILTER_BANDS]: what tones have of each of the wider bands, 0 to 1; 0 elsewhere.
 * power [FFT_BINS]: of the bins. */
void peaks_of_bands(const bands *b, const float *power, float *shares);

#endif
