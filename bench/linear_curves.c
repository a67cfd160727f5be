/*
 * ERLE over time in simulated rooms, for docs/linear.svg: the linear canceller and SpeexDSP's,
 * far-end speech throughout, double talk from 6 to 9 s, another room at 10 s. Writes CSV: seconds,
 * and the echo reduction of both in dB, means over six rooms.
 */
#include "linear_run.h"
#include "speex.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECONDS = 15, STEPS = SECONDS * 5, ROOMS = 6 };

/* The remaining echo, in fifths of a second; near end and noise are not errors. */
static void add_curve(const scene *s, double *curve)
{
    for (size_t step = 0; step < STEPS; step++) {
        const size_t from = step * s->count / STEPS, to = (step + 1) * s->count / STEPS;
        double left = 0.0;
        for (size_t i = from; i < to; i++) {
            const double d = (double)s->error[i] - (double)s->near[i] - (double)s->noise[i];
            left += d * d;
        }
        curve[step] += 10.0 * log10(energy_of(s->echo, from, to) / left) / (double)ROOMS;
    }
}

int main(void)
{
    double ours[STEPS] = {0.0}, speex[STEPS] = {0.0};
    for (uint32_t i = 0; i < ROOMS; i++) {
        signal_ first = room(0.1 * (i + 1), 81 + i), second = room(0.1 * (i + 1), 91 + i);
        scene s = new_scene((size_t)SECONDS * RATE);
        far_speech(s.far, s.count);
        add_echo(&s, &first, 0, (size_t)10 * RATE);
        add_echo(&s, &second, (size_t)10 * RATE, s.count);
        add_noise(&s, 30.0, 82 + i);
        add_near(&s, 0.0, (size_t)6 * RATE, (size_t)9 * RATE);
        mix(&s);
        linear_run r = open_linear(fastest(), KALMAN_PARTITIONS);
        cancel(&r, &s, 0, s.count);
        add_curve(&s, ours);
        cancel_by_speex(&s);
        add_curve(&s, speex);
        close_linear(&r);
        free_scene(&s);
        free(first.samples);
        free(second.samples);
    }
    printf("seconds,unecho,speexdsp\n");
    for (size_t step = 0; step < STEPS; step++)
        printf("%.1f,%.2f,%.2f\n", ((double)step + 0.5) / 5.0, ours[step], speex[step]);
    return 0;
}
