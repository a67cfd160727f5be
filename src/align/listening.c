#include "listening.h"

#include "dsp/energy.h"

#include <string.h>

/* The mean of the channels is looked at unless the side has so much more power. */
static const float side_louder = 4.0f;

/* Loudspeakers in opposite phase: the mean of the channels is nothing, or little. */
static void read_louder(const far_end *f, float *x, int64_t first, size_t n)
{
    far_end_read(f, FAR_MEAN, x, first, n);
    if (f->plan.lanes < FAR_LANES)
        return;
    float side[1 + FFT_SIZE];
    far_end_read(f, FAR_SIDE, side, first, n);
    if (dsp_float_energy(side, n) > side_louder * dsp_float_energy(x, n))
        memcpy(x, side, n * sizeof *x);
}

/* What the far end has made since, frame by frame. */
static void look_at_far(aligner *a, const far_end *f)
{
    float x[1 + FFT_SIZE];
    /* Where it has jumped, no further back than is kept: the work is bounded. */
    const uint64_t frames = f->made / DELAY_FRAME;
    if (frames > a->far_next + a->delay.far_ring)
        a->far_next = frames - a->delay.far_ring;
    while ((a->far_next + 1) * DELAY_FRAME <= f->made) {
        read_louder(f, x, ((int64_t)a->far_next - 1) * DELAY_FRAME - 1, 1 + FFT_SIZE);
        delay_add_far(&a->delay, a->far_next, x);
        a->far_next++;
    }
}

/* The microphone's frames are looked at one frame late: by then the far end is there even if its
 * resampler looks ahead. */
static void look_at_mic(aligner *a, const float *mic)
{
    const size_t at = 1 + DELAY_FRAME + (size_t)(a->hops % 2) * UNECHO_HOP;
    memcpy(a->mic + at, mic, UNECHO_HOP * sizeof *mic);
    if (a->hops % 2 == 0)
        return;
    const uint64_t frame = a->hops / 2;
    if (frame > 0)
        delay_add_mic(&a->delay, frame - 1, a->mic);
    memmove(a->mic, a->mic + DELAY_FRAME, (1 + DELAY_FRAME) * sizeof *a->mic);
}

void listening_hop(aligner *a, const float *mic, const far_end *f)
{
    look_at_far(a, f);
    look_at_mic(a, mic);
}
