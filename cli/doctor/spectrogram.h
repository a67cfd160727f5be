/*
 * A picture of a signal's spectrum over time, coarse enough to be drawn cell by cell. It does not
 * know how it is drawn.
 */
#ifndef UNECHO_CLI_DOCTOR_SPECTROGRAM_H
#define UNECHO_CLI_DOCTOR_SPECTROGRAM_H

#include <stdbool.h>
#include <stddef.h>

enum { SPECTROGRAM_COLUMNS = 240, SPECTROGRAM_ROWS = 48, SPECTROGRAM_SHADES = 12 };

/* [column][row], row 0 the lowest band, all of them up to 8 kHz; shade 0 the weakest. */
typedef unsigned char spectrogram[SPECTROGRAM_COLUMNS][SPECTROGRAM_ROWS];

/* What the shades stand for: shade s begins at this level, dB of full scale in a band. */
#define SPECTROGRAM_LOWEST_DB (-100.0)
#define SPECTROGRAM_STEP_DB   6.0

/* n samples at rate, spread over all columns. false: out of memory, reported. */
bool spectrogram_take(spectrogram cells, const float *samples, size_t n, int rate);

#endif
