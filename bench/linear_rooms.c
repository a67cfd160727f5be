/*
 * The figures that tests/unit/linear.c checks, in rooms that were not used to choose the constants:
 * for each T60 the mean and the worst of many seeded rooms. Prints the table of docs/linear.md.
 *
 *     linear_rooms [ROOMS]      of each T60, 16 by default
 */
#include "linear_run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* The mean; the worst is either the lowest or the highest value. */
typedef struct summary {
    double sum, low, high;
    unsigned count, within_3_db;
} summary;

static void add_value(summary *s, double x)
{
    s->low = s->count > 0 ? fmin(s->low, x) : x;
    s->high = s->count > 0 ? fmax(s->high, x) : x;
    s->sum += x;
    s->count++;
    s->within_3_db += x <= 3.0;
}

static double after_3_s(const signal_ *h, int with_speech, uint32_t seed)
{
    scene s = single_talk(h, with_speech, seed);
    linear_run r = open_linear(fastest(), KALMAN_PARTITIONS);
    cancel(&r, &s, 0, s.count);
    const double erle = erle_db(&s, 3.0, 4.0);
    close_linear(&r);
    free_scene(&s);
    return erle;
}

static double rise(const signal_ *h, int with_speech, uint32_t seed)
{
    scene s = double_talk_at_0_db(h, with_speech, seed);
    linear_run r = open_linear(fastest(), KALMAN_PARTITIONS);
    cancel(&r, &s, 0, 5 * RATE);
    const double before = misalignment_db(&r, h);
    const double worst = worst_misalignment_db(&r, &s, h, 5 * RATE);
    close_linear(&r);
    free_scene(&s);
    return worst - before;
}

static double lost(const signal_ *first, const signal_ *second, uint32_t seed)
{
    scene s = changed_room(first, second, seed);
    linear_run r = open_linear(fastest(), KALMAN_PARTITIONS);
    cancel(&r, &s, 0, s.count);
    const double before = erle_db(&s, 3.0, 4.0), after = erle_db(&s, 6.0, 7.0);
    close_linear(&r);
    free_scene(&s);
    return before - after;
}

static void print_loss(const summary *s)
{
    printf(" %.1f, %.1f (%u of %u) |", s->sum / s->count, s->high, s->within_3_db, s->count);
}

static void measure(double t60, uint32_t rooms, uint32_t seed)
{
    summary white = {0}, speech = {0}, white_rise = {0}, speech_rise = {0}, change = {0};
    for (uint32_t i = 0; i < rooms; i++, seed += 2) {
        signal_ first = room(t60, seed), second = room(t60, seed + 1);
        add_value(&white, after_3_s(&first, 0, seed));
        add_value(&speech, after_3_s(&first, 1, seed));
        add_value(&white_rise, rise(&first, 0, seed));
        add_value(&speech_rise, rise(&first, 1, seed));
        add_value(&change, lost(&first, &second, seed));
        free(first.samples);
        free(second.samples);
    }
    printf("| %.1f s | %.1f, %.1f | %.1f, %.1f |", t60, white.sum / rooms, white.low,
           speech.sum / rooms, speech.low);
    print_loss(&white_rise);
    print_loss(&speech_rise);
    print_loss(&change);
    puts("");
}

int main(int argc, char **argv)
{
    const long rooms = argc > 1 ? strtol(argv[1], NULL, 10) : 16;
    if (argc > 2 || rooms < 1 || rooms > 1000) {
        fprintf(stderr, "usage: linear_rooms [ROOMS]\n");
        return 2;
    }
    puts("| T60 | ERLE after 3 s, white noise | speech | rise in double talk, white noise | speech "
         "| lost by another room |\n|---|--:|--:|--:|--:|--:|");
    for (uint32_t i = 1; i <= 6; i++)
        measure(0.1 * i, (uint32_t)rooms, 10000 * i);
    return 0;
}
