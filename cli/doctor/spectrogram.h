/* A signal's spectrum over time, coarse enough to be drawn cell by cell. */
#ifndef UNECHO_CLI_DOCTOR_SPECTROGRAM_H
#define UNECHO_CLI_DOCTOR_SPECTROGRAM_H

#include <stdbool.h>
#include <stddef.h>

enum { SPECTROGRAM_COLUMNS = 240, SPECTROGRAM_ROWS = 48, SPECTROGRAM_SHADES = 12 };

/* [column][row]; row 0: the lowest band; shade 0: the weakest. */
typedef unsigned char spectrogram[SPECTROGRAM_COLUMNS][SPECTROGRAM_ROWS];

/* Shade s begins at LOWEST + s * STEP, dB of full scale in a band. */
#define SPECTROGRAM_LOWEST_DB (-100.0)
#define SPECTROGRAM_STEP_DB   6.0

/* Where the bands of a signal end: at half its rate, at least at 8 kHz and at most at 24. */
int spectrogram_highest_hz(int rate);

/* n samples at rate, spread over all columns. false: out of memory, reported. */
bool spectrogram_take(spectrogram cells, const float *samples, size_t n, int rate);

#endif
