/* A signal's spectrum over time, coarse enough to be drawn cell by cell. */
#ifndef UNECHO_CLI_DOCTOR_SPECTROGRAM_H
#define UNECHO_CLI_DOCTOR_SPECTROGRAM_H

#include <stddef.h>
#include <stdint.h>

enum { SPECTROGRAM_COLUMNS = 240, SPECTROGRAM_ROWS = 48, SPECTROGRAM_SHADES = 12 };

/* [column][row]; row 0: the lowest band; shade 0: the weakest. */
typedef unsigned char spectrogram[SPECTROGRAM_COLUMNS][SPECTROGRAM_ROWS];

/* Shade s begins at LOWEST + s * STEP, dB of full scale in a band. */
#define SPECTROGRAM_LOWEST_DB (-100.0)
#define SPECTROGRAM_STEP_DB   6.0

/* Where the bands of a signal end: at half its rate, at least at 8 kHz and at most at 24. */
int spectrogram_highest_hz(int rate);

struct spectrograph;

/* Fill the cells from a signal of n samples at this rate. NULL: out of memory, reported. */
struct spectrograph *spectrograph_open(spectrogram *cells, uint64_t n, int rate);
void spectrograph_close(struct spectrograph *s);

/* Take the next n samples. */
void spectrograph_hear(struct spectrograph *s, const float *samples, size_t n);
/* The signal has ended: all columns are filled. */
void spectrograph_end(struct spectrograph *s);

#endif
