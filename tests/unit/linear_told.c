/*
 * The linear canceller, told by somebody which share of its error is near end, or that
 * somebody sings: the truth helps in double talk, and no lie keeps it from finding an echo path.
 */
#include "check.h"
#include "linear_run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double t60s[] = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6};
enum { ROOMS = sizeof t60s / sizeof *t60s };

/* What the filter is told after every hop. */
typedef enum word { NOTHING, ALL_ECHO, ALL_NEAR_END, NO_NUMBERS, DICE, TRUTH, SINGS, WORDS } word;

static const char *const names[WORDS] = {
    "nothing", "that all is echo", "that all is near end", "no numbers",
    "dice",    "the truth",        "that somebody sings"};

/* The power of a hop after as many zeros, bin by bin. */
static void power(linear_run *r, const float *hop, float *to)
{
    float block[KALMAN_BLOCK] = {0}, re[PARTITION_ROW], im[PARTITION_ROW];
    memcpy(block + KALMAN_HOP, hop, KALMAN_HOP * sizeof *hop);
    r->c.k->fft_forward(r->c.paths.fft, re, im, block);
    for (size_t k = 0; k < PARTITION_BINS; k++)
        to[k] = re[k] * re[k] + im[k] * im[k];
}

/* The amplitude of what is no echo over that of the error. */
static void true_share(linear_run *r, const scene *s, size_t at, float *share)
{
    float near[PARTITION_BINS], error[PARTITION_BINS];
    power(r, s->near + at, near);
    power(r, s->error + at, error);
    for (size_t k = 0; k < PARTITION_BINS; k++)
        share[k] = sqrtf(fminf(near[k] / (error[k] + 1e-12f), 1.0f));
}

static void tell(linear_run *r, const scene *s, size_t at, word w)
{
    float share[PARTITION_BINS] = {0};
    if (w == NOTHING)
        return;
    if (w == SINGS) {
        kalman_tell(&r->c, NULL, 1.0f);
        return;
    }
    if (w == TRUTH)
        true_share(r, s, at, share);
    else if (w == DICE)
        white_noise(share, PARTITION_BINS, 1.0f, (uint32_t)at + 1);
    for (size_t k = 0; w == ALL_NEAR_END && k < PARTITION_BINS; k++)
        share[k] = 1.0f;
    for (size_t k = 0; w == NO_NUMBERS && k < PARTITION_BINS; k++)
        share[k] = k % 3 == 0 ? NAN : k % 3 == 1 ? INFINITY : -INFINITY;
    kalman_tell(&r->c, share, 0.0f);
}

/* One scene per room, and what becomes of it by what the filter is told. */
typedef struct simulated {
    scene s;
    signal_ rooms[2];
} simulated;

static simulated begin(size_t i, size_t seconds)
{
    const uint32_t seed = (uint32_t)i;
    simulated c = {new_scene(seconds * RATE), {room(t60s[i], 11 + seed), room(t60s[i], 41 + seed)}};
    far_speech(c.s.far, c.s.count);
    return c;
}

static void end(simulated *c)
{
    free_scene(&c->s);
    free(c->rooms[0].samples);
    free(c->rooms[1].samples);
}

/* Another room at 4 s, while the near end talks or does not. */
static simulated change(size_t i, int with_near_end)
{
    simulated c = begin(i, 9);
    add_echo(&c.s, &c.rooms[0], 0, 4 * RATE);
    add_echo(&c.s, &c.rooms[1], 4 * RATE, c.s.count);
    add_noise(&c.s, 30.0, 9 + (uint32_t)i);
    if (with_near_end)
        add_near(&c.s, 0.0, 7 * RATE / 2, 7 * RATE);
    mix(&c.s);
    return c;
}

/* Both ends equally loud from 5 s on. */
static simulated both(size_t i)
{
    simulated c = begin(i, 8);
    add_echo(&c.s, &c.rooms[0], 0, c.s.count);
    add_noise(&c.s, 30.0, 6 + (uint32_t)i);
    add_near(&c.s, 0.0, 5 * RATE, c.s.count);
    mix(&c.s);
    return c;
}

static void run_told(scene *s, word w)
{
    linear_run r = open_linear(fastest(), KALMAN_PARTITIONS);
    for (size_t at = 0; at < s->count; at += KALMAN_HOP) {
        cancel(&r, s, at, at + KALMAN_HOP);
        tell(&r, s, at, w);
    }
    for (size_t i = 0; i < s->count; i++)
        assert_true(isfinite(s->error[i]) && isfinite(s->estimate[i]));
    close_linear(&r);
}

static void the_truth_helps_in_double_talk(void **unused)
{
    (void)unused;
    double untold = 0.0, told = 0.0;
    for (size_t i = 0; i < ROOMS; i++) {
        simulated c = both(i);
        run_told(&c.s, NOTHING);
        const double before = echo_reduction_db(&c.s, 5.0, 8.0);
        run_told(&c.s, TRUTH);
        const double after = echo_reduction_db(&c.s, 5.0, 8.0);
        print_message("T60 %.1f s: echo reduction in double talk %.1f dB, told the truth %.1f dB\n",
                      t60s[i], before, after);
        assert_true(after > before);
        untold += before / (double)ROOMS;
        told += after / (double)ROOMS;
        end(&c);
    }
    print_message("mean: %.1f and %.1f dB\n", untold, told);
    assert_true(untold >= 21.0);
    assert_true(told >= 24.0);
}

/* Told that all is near end it learns a fifth as much from a hop, and still learns. */
static void no_word_keeps_it_from_learning(void **unused)
{
    (void)unused;
    for (size_t i = 1; i < ROOMS; i += 2)
        for (word w = NOTHING; w < WORDS; w++) {
            simulated c = change(i, 0), talk = change(i, 1);
            run_told(&c.s, w);
            run_told(&talk.s, w);
            const double first = echo_reduction_db(&c.s, 3.0, 4.0);
            const double second = echo_reduction_db(&c.s, 6.0, 7.0);
            const double later = echo_reduction_db(&talk.s, 7.5, 9.0);
            print_message("T60 %.1f s, told %s: echo reduction %.1f dB, %.1f dB in another room, "
                          "%.1f dB after double talk there\n",
                          t60s[i], names[w], first, second, later);
            assert_true(first >= 25.0 && second >= 18.0 && later >= 15.0);
            end(&c);
            end(&talk);
        }
}

static void run_forgetting(scene *s, word w)
{
    linear_run r = open_linear(fastest(), KALMAN_PARTITIONS);
    for (size_t at = 0; at < s->count; at += KALMAN_HOP) {
        tell(&r, s, at, w);
        kalman_tell(&r.c, NULL, 0.0f);
        cancel(&r, s, at, at + KALMAN_HOP);
    }
    close_linear(&r);
}

static void what_says_nothing_changes_no_bit(void **unused)
{
    (void)unused;
    simulated plain = both(2), c = both(2);
    run_told(&plain.s, NOTHING);
    run_told(&c.s, ALL_ECHO);
    assert_memory_equal(c.s.error, plain.s.error, c.s.count * sizeof(float));
    run_forgetting(&c.s, ALL_NEAR_END);
    assert_memory_equal(c.s.error, plain.s.error, c.s.count * sizeof(float));
    run_told(&c.s, ALL_NEAR_END);
    assert_memory_not_equal(c.s.error, plain.s.error, c.s.count * sizeof(float));
    end(&plain);
    end(&c);
}

/* Half a second each of a note with seven harmonics, whose phases are new every time. */
static void sing(float *x, size_t from, size_t to, double amplitude, uint32_t seed)
{
    static const double semitones[] = {0, 4, 7, 5, 2, 9, 12, 7, 4, 0};
    enum { NOTE = RATE / 2, NOTES = sizeof semitones / sizeof *semitones, HARMONICS = 7 };
    const double pi = 3.141592653589793, vibrato = 5.0 + 0.3 * seed;
    double phase = 0.0, phases[HARMONICS] = {0.0};
    for (size_t i = from; i < to; i++) {
        for (size_t h = 0; h < HARMONICS && i % NOTE == 0; h++)
            phases[h] = pi * (double)random_float(&seed);
        const double f = 220.0 * pow(2.0, semitones[i / NOTE % NOTES] / 12.0);
        phase += 2.0 * pi * f * (1.0 + 0.012 * sin(2.0 * pi * vibrato * (double)i / (double)RATE)) /
                 (double)RATE;
        double sum = 0.0;
        for (size_t h = 0; h < HARMONICS; h++)
            sum += sin((double)(h + 1) * phase + phases[h]) / (double)(h + 1);
        /* No clicks between the notes. */
        x[i] = (float)(amplitude * sum * sin(pi * (double)(i % NOTE) / (double)NOTE));
    }
}

/* How much of the singer is in the error, in dB, from 8 s on. */
static double singer_left_db(const scene *s)
{
    const size_t from = 8 * RATE, count = s->count - from;
    double cross = 0.0;
    for (size_t i = from; i < s->count; i++)
        cross += (double)s->near[i] * (double)s->error[i];
    return 20.0 * log10(fmax(cross, 1e-9) / energy_of(s->near, from, from + count));
}

/* Both ends have the same notes, so that the voice looks like the echo of another path; it is 5 dB
 * fainter than the echo. */
static void a_singer_to_her_playback_stays(void **unused)
{
    (void)unused;
    for (size_t i = 1; i < ROOMS; i += 2) {
        simulated c = begin(i, 12);
        sing(c.s.far, 6 * RATE, c.s.count, 0.1, 1);
        add_echo(&c.s, &c.rooms[0], 0, c.s.count);
        add_noise(&c.s, 50.0, 6);
        sing(c.s.near, 7 * RATE, c.s.count, 0.1, 2);
        const double to = sqrt(0.3 * energy_of(c.s.echo, 7 * RATE, c.s.count) /
                               energy_of(c.s.near, 7 * RATE, c.s.count));
        for (size_t at = 0; at < c.s.count; at++)
            c.s.near[at] *= (float)to;
        mix(&c.s);
        run_told(&c.s, NOTHING);
        const double before = singer_left_db(&c.s);
        run_told(&c.s, SINGS);
        const double after = singer_left_db(&c.s);
        print_message("T60 %.1f s: a singer to her playback falls to %.1f dB, if that is told to "
                      "%.1f dB\n",
                      t60s[i], before, after);
        assert_true(after > before + 20.0);
        end(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_truth_helps_in_double_talk),
        cmocka_unit_test(no_word_keeps_it_from_learning),
        cmocka_unit_test(what_says_nothing_changes_no_bit),
        cmocka_unit_test(a_singer_to_her_playback_stays),
    };
    return cmocka_run_group_tests_name("linear_told", tests, NULL, NULL);
}
