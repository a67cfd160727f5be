/*
 * The linear canceller in simulated rooms: how fast and how far it converges, that double talk does
 * not spoil it, that it follows a change of room, and that it never makes anything worse.
 */
#include "check.h"
#include "linear_run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double t60s[] = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6};
enum { ROOMS = sizeof t60s / sizeof *t60s };

/* Over one second that begins after three. */
static double erle_after_3_s(int with_speech, size_t i)
{
    signal_ h = room(t60s[i], 11 + (uint32_t)i);
    scene s = single_talk(&h, with_speech, 5 + (uint32_t)i);
    linear_run r = open_linear(fastest(), KALMAN_PARTITIONS);
    cancel(&r, &s, 0, s.count);
    const double erle = erle_db(&s, 3.0, 4.0);
    print_message("T60 %.1f s, %s: ERLE %.1f dB, the echo alone %.1f dB\n", t60s[i],
                  with_speech ? "speech" : "white noise", erle, echo_reduction_db(&s, 3.0, 4.0));
    assert_int_equal(r.c.stats.diverged, 0);
    close_linear(&r);
    free_scene(&s);
    free(h.samples);
    return erle;
}

/* 30 dB is the limit: the noise is that far below the echo. */
static void white_noise_25_db_in_3_s(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < ROOMS; i++)
        assert_true(erle_after_3_s(0, i) >= 25.0);
}

static void speech_15_db_in_3_s(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < ROOMS; i++)
        assert_true(erle_after_3_s(1, i) >= 15.0);
}

/* Both ends equally loud from 5 s on; the largest rise of the misalignment, in dB. */
static double rise_in_double_talk(int with_speech, size_t i)
{
    signal_ h = room(t60s[i], 21 + (uint32_t)i);
    scene s = double_talk_at_0_db(&h, with_speech, 6 + (uint32_t)i);
    linear_run r = open_linear(fastest(), KALMAN_PARTITIONS);
    cancel(&r, &s, 0, 5 * RATE);
    const double before = misalignment_db(&r, &h);
    const double worst = worst_misalignment_db(&r, &s, &h, 5 * RATE);
    print_message("T60 %.1f s, %s: misalignment %.1f dB, at worst %.1f dB in double talk, echo "
                  "reduction %.1f and %.1f dB\n",
                  t60s[i], with_speech ? "speech" : "white noise", before, worst,
                  echo_reduction_db(&s, 4.0, 5.0), echo_reduction_db(&s, 5.0, 8.0));
    close_linear(&r);
    free_scene(&s);
    free(h.samples);
    return worst - before;
}

static double worst_rise(int with_speech)
{
    double worst = 0.0;
    for (size_t i = 0; i < ROOMS; i++)
        worst = fmax(worst, rise_in_double_talk(with_speech, i));
    print_message("the most: %.1f dB\n", worst);
    return worst;
}

static void double_talk_keeps_the_filter(void **unused)
{
    (void)unused;
    assert_true(worst_rise(0) <= 3.0);
    assert_true(worst_rise(1) <= 3.0);
}

/* ERLE up to the noise, 30 dB below the echo: what is above it is noise that went with the echo. */
static double erle_to_noise_db(const scene *s, double from, double to)
{
    return fmin(erle_db(s, from, to), 30.0);
}

/* The far end talks for 5 s, then the near end alone and as loud, whose voice comes back in the far
 * end 40 ms late, 14 and 20 dB fainter. Speech can be predicted from its past: a filter that learnt
 * there left 3 to 7 dB of SI-SDR. The echo of that voice, which this one cancels, is 20 dB below
 * it. */
static void the_near_ends_own_voice_in_the_far_end_is_kept(void **unused)
{
    (void)unused;
    enum { LATE = 640, TURN = 5 * RATE, END = 12 * RATE };
    for (size_t i = 0; i < 4; i++) {
        const float own = i % 2 ? 0.1f : 0.2f;
        signal_ h = room(t60s[i], 71 + (uint32_t)i);
        scene s = new_scene(END);
        far_speech(s.far, TURN);
        near_speech(s.near + TURN, END - TURN);
        const double louder = energy_of(s.far, 0, TURN) / (double)TURN * (double)(END - TURN);
        const float level = (float)sqrt(louder / energy_of(s.near, TURN, END));
        for (size_t t = TURN; t < END; t++)
            s.near[t] *= level;
        for (size_t t = TURN + LATE; t < END; t++)
            s.far[t] += own * s.near[t - LATE];
        add_echo(&s, &h, 0, END);
        add_noise(&s, 40.0, 9);
        mix(&s);
        linear_run r = open_linear(fastest(), KALMAN_PARTITIONS);
        cancel(&r, &s, 0, s.count);
        const size_t from = TURN + RATE;
        const double kept = si_sdr_db(s.error + from, s.near + from, END - from);
        print_message("T60 %.1f s, own voice at %.2f: SI-SDR %.1f dB\n", t60s[i], (double)own,
                      kept);
        assert_true(kept > 15.0);
        close_linear(&r);
        free_scene(&s);
        free(h.samples);
    }
}

/* How much of the near end is in the error, in dB. */
static double near_left_db(const scene *s, size_t from, size_t to)
{
    double cross = 0.0;
    for (size_t i = from; i < to; i++)
        cross += (double)s->near[i] * (double)s->error[i];
    return 20.0 * log10(fmax(cross, 1e-9) / energy_of(s->near, from, to));
}

/* The near end holds a note from 1 s on, and from 3 s on the far end talks, whose echo is 10 dB
 * fainter: to a filter that knows nothing the note may be echo. */
static void a_note_held_before_the_far_end_stays(void **unused)
{
    (void)unused;
    const double pi = acos(-1.0);
    for (size_t i = 0; i < ROOMS; i++) {
        signal_ h = room(t60s[i], 81 + (uint32_t)i);
        scene s = new_scene(6 * RATE);
        far_speech(s.far + 3 * RATE, 3 * RATE);
        add_echo(&s, &h, 0, s.count);
        add_noise(&s, 40.0, 10);
        const double level =
            sqrt(20.0 * energy_of(s.echo, 3 * RATE, s.count) / (3.0 * (double)RATE));
        for (size_t t = RATE; t < s.count; t++)
            s.near[t] = (float)(level * sin(2.0 * pi * 220.0 * (double)t / (double)RATE));
        mix(&s);
        linear_run r = open_linear(fastest(), KALMAN_PARTITIONS);
        cancel(&r, &s, 0, s.count);
        const double kept = near_left_db(&s, 3 * RATE, s.count);
        print_message("T60 %.1f s: %.1f dB of a held note left\n", t60s[i], kept);
        assert_true(kept >= -1.0);
        close_linear(&r);
        free_scene(&s);
        free(h.samples);
    }
}

/*
 * Another room after 4 seconds of speech: two seconds later the filter is within 3 dB of where it
 * was, and of one that started in the new room with nothing to unlearn.
 */
static void a_changed_room_is_found_in_2_s(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < ROOMS; i++) {
        signal_ old = room(t60s[i], 31 + (uint32_t)i), new = room(t60s[i], 41 + (uint32_t)i);
        scene s = changed_room(&old, &new, 7 + (uint32_t)i);
        linear_run r = open_linear(fastest(), KALMAN_PARTITIONS);
        cancel(&r, &s, 0, s.count);
        const double before = erle_to_noise_db(&s, 3.0, 4.0);
        const double after = erle_to_noise_db(&s, 6.0, 7.0);
        print_message("T60 %.1f s: ERLE %.1f dB, %.1f, %.1f, %.1f dB in the seconds after", t60s[i],
                      before, erle_db(&s, 4.0, 5.0), erle_db(&s, 5.0, 6.0), after);
        kalman_reset(&r.c);
        cancel(&r, &s, 4 * RATE, s.count);
        const double fresh = erle_to_noise_db(&s, 6.0, 7.0);
        print_message("; a fresh filter: %.1f, %.1f, %.1f dB\n", erle_db(&s, 4.0, 5.0),
                      erle_db(&s, 5.0, 6.0), fresh);
        assert_true(after >= before - 3.0);
        assert_true(after >= fresh - 3.0);
        close_linear(&r);
        free_scene(&s);
        free(old.samples);
        free(new.samples);
    }
}

/* Even with a filter that has learnt a room: a silent far end has no echo. */
static void a_silent_far_end_changes_no_bit(void **unused)
{
    (void)unused;
    signal_ h = room(0.3, 3);
    scene s = new_scene(8 * RATE);
    far_speech(s.far, 3 * RATE);
    add_echo(&s, &h, 0, s.count);
    near_speech(s.near + 4 * RATE, s.count - 4 * RATE);
    add_noise(&s, 30.0, 8);
    mix(&s);
    linear_run r = open_linear(fastest(), KALMAN_PARTITIONS);
    cancel(&r, &s, 0, s.count);
    assert_memory_equal(s.error + 4 * RATE, s.mic + 4 * RATE, (s.count - 4 * RATE) * sizeof(float));
    for (size_t i = 4 * RATE; i < s.count; i++)
        assert_true(s.estimate[i] == 0.0f);
    close_linear(&r);
    free_scene(&s);
    free(h.samples);
}

/* Headphones: the far end plays and is not heard. The near end stays as it is. */
static void a_far_end_that_is_not_heard_costs_nothing(void **unused)
{
    (void)unused;
    for (int with_speech = 0; with_speech < 2; with_speech++) {
        scene s = new_scene(12 * RATE);
        if (with_speech)
            far_speech(s.far, s.count);
        else
            white_noise(s.far, s.count, 0.2f, 19);
        near_speech(s.near, s.count);
        mix(&s);
        linear_run r = open_linear(fastest(), KALMAN_PARTITIONS);
        cancel(&r, &s, 0, s.count);
        const size_t from = 4 * RATE;
        const double sdr = si_sdr_db(s.error + from, s.near + from, s.count - from);
        print_message("SI-SDR %.1f dB in the first 4 s, then %.1f dB, level %.3f dB\n",
                      si_sdr_db(s.error, s.near, from), sdr, -erle_db(&s, 4.0, 12.0));
        assert_true(sdr >= 30.0);
        assert_true(fabs(erle_db(&s, 4.0, 12.0)) <= 0.1);
        close_linear(&r);
        free_scene(&s);
    }
}

/* A minute of near end alone, and the first quarter second of echo is cancelled as before. */
static void silence_leaks_nothing_away(void **unused)
{
    (void)unused;
    enum { PAUSE = 22 * RATE / 5 };
    signal_ h = room(0.3, 4);
    scene s = new_scene(5 * RATE);
    far_speech(s.far, 4 * RATE);
    memcpy(s.far + PAUSE, s.far + 3 * RATE, RATE / 2 * sizeof(float));
    add_echo(&s, &h, 0, s.count);
    add_noise(&s, 30.0, 9);
    mix(&s);
    linear_run r = open_linear(fastest(), KALMAN_PARTITIONS);
    cancel(&r, &s, 0, PAUSE);
    const double before = misalignment_db(&r, &h);
    float near[KALMAN_HOP], far[KALMAN_HOP] = {0}, error[KALMAN_HOP], echo[KALMAN_HOP];
    for (uint32_t hop = 0; hop < 60 * RATE / KALMAN_HOP; hop++) {
        white_noise(near, KALMAN_HOP, 0.1f, hop + 1);
        kalman_run(&r.c, near, (const float *const[]){far}, error, echo);
        assert_memory_equal(error, near, sizeof near);
    }
    assert_true(misalignment_db(&r, &h) == before);
    cancel(&r, &s, PAUSE, s.count);
    print_message("ERLE %.1f dB before, %.1f dB after\n", erle_db(&s, 3.0, 3.5),
                  erle_db(&s, 4.4, 4.9));
    assert_true(erle_to_noise_db(&s, 4.4, 4.9) >= erle_to_noise_db(&s, 3.0, 3.5) - 1.0);
    close_linear(&r);
    free_scene(&s);
    free(h.samples);
}

/* How much louder the output is than the microphone in the worst second of whole hops, in dB. */
static double loudest_second_db(const scene *s)
{
    enum { SECOND = 125 * KALMAN_HOP };
    double most = 0.0;
    for (size_t from = 0; from + SECOND <= s->count; from += KALMAN_HOP) {
        const double in = energy_of(s->mic, from, from + SECOND);
        const double out = energy_of(s->error, from, from + SECOND);
        most = out > in ? fmax(most, 10.0 * log10(out / in)) : most;
    }
    return most;
}

/*
 * What could mislead a filter: a far end without echo, a room that keeps changing, one that goes
 * away, a near end that starts loudly, a muted microphone.
 */
static void no_second_gets_louder(void **unused)
{
    (void)unused;
    uint64_t bounded = 0;
    double worst = 0.0;
    for (uint32_t round = 0; round < 6; round++) {
        scene s = new_scene(9 * RATE);
        if (round % 2)
            far_speech(s.far, s.count);
        else
            white_noise(s.far, s.count, 0.3f, 90 + round);
        for (uint32_t part = 0; part < 6; part++) {
            signal_ h = room(0.1, 50 + 10 * round + part);
            if (part != round)
                add_echo(&s, &h, part * s.count / 6, (part + 1) * s.count / 6);
            free(h.samples);
        }
        add_noise(&s, 40.0, 10 + round);
        if (round >= 3)
            add_near(&s, 10.0, 5 * RATE / 2, 5 * RATE);
        mix(&s);
        if (round >= 4)
            memset(s.mic + 6 * RATE, 0, RATE * sizeof(float));
        linear_run r = open_linear(fastest(), KALMAN_PARTITIONS);
        cancel(&r, &s, 0, s.count);
        worst = fmax(worst, loudest_second_db(&s));
        bounded += r.c.stats.bounded_hops;
        close_linear(&r);
        free_scene(&s);
    }
    print_message("%u hops were held back, the loudest second %.4f dB above the microphone\n",
                  (unsigned)bounded, worst);
    assert_true(worst < 0.1);
    assert_true(bounded > 0); /* else nothing misled it */
}

/* The loudspeaker is switched off while its signal goes on: the old filter would add echo. */
static void an_echo_that_ends_is_given_up(void **unused)
{
    (void)unused;
    signal_ h = room(0.2, 6);
    scene s = new_scene(8 * RATE);
    far_speech(s.far, s.count);
    add_echo(&s, &h, 0, 4 * RATE);
    add_noise(&s, 30.0, 11);
    mix(&s);
    linear_run r = open_linear(fastest(), KALMAN_PARTITIONS);
    cancel(&r, &s, 0, s.count);
    print_message("diverged %u times, ERLE %.2f dB afterwards\n", (unsigned)r.c.stats.diverged,
                  erle_db(&s, 5.0, 8.0));
    assert_true(r.c.stats.diverged >= 1);
    assert_true(erle_db(&s, 5.0, 8.0) > -0.1);
    close_linear(&r);
    free_scene(&s);
    free(h.samples);
}

/* The loudspeaker is muted for some seconds: a filter that has unlearnt its path takes tiny steps,
 * and none of them explains much of the echo that comes back. */
static void an_echo_that_comes_back_is_found(void **unused)
{
    (void)unused;
    for (uint32_t i = 0; i < 4; i++) {
        signal_ h = room(0.2 + 0.1 * (double)i, 31 + i);
        scene s = new_scene(22 * RATE);
        far_speech(s.far, s.count);
        add_echo(&s, &h, 0, 5 * RATE);
        add_echo(&s, &h, 14 * RATE, s.count);
        add_noise(&s, 40.0, 32 + i);
        mix(&s);
        linear_run r = open_linear(fastest(), KALMAN_PARTITIONS);
        cancel(&r, &s, 0, s.count);
        print_message("ERLE %.1f dB 5 s after the echo is back, %.1f dB before it went\n",
                      erle_db(&s, 19.0, 22.0), erle_db(&s, 3.0, 5.0));
        assert_true(erle_db(&s, 19.0, 22.0) >= 20.0);
        close_linear(&r);
        free_scene(&s);
        free(h.samples);
    }
}

static void a_poisoned_filter_begins_anew(void **unused)
{
    (void)unused;
    signal_ h = room(0.2, 7);
    scene s = new_scene(8 * RATE);
    far_speech(s.far, s.count);
    add_echo(&s, &h, 0, s.count);
    add_noise(&s, 30.0, 12);
    mix(&s);
    linear_run r = open_linear(fastest(), KALMAN_PARTITIONS);
    cancel(&r, &s, 0, 4 * RATE);
    r.c.paths.all[0].filter.filter[20] = NAN;
    cancel(&r, &s, 4 * RATE, 4 * RATE + KALMAN_HOP);
    assert_int_equal(r.c.stats.diverged, 1);
    assert_memory_equal(s.error + 4 * RATE, s.mic + 4 * RATE, KALMAN_HOP * sizeof(float));
    cancel(&r, &s, 4 * RATE + KALMAN_HOP, s.count);
    assert_true(erle_db(&s, 7.0, 8.0) >= 15.0);
    close_linear(&r);
    free_scene(&s);
    free(h.samples);
}

/* The ends of the sample range: the output is finite, and the filter recovers. */
static void wild_samples_do_no_harm(void **unused)
{
    (void)unused;
    signal_ h = room(0.2, 8);
    scene s = new_scene(8 * RATE);
    far_speech(s.far, s.count);
    add_echo(&s, &h, 0, s.count);
    add_noise(&s, 30.0, 13);
    mix(&s);
    static const float wild[] = {100.0f, -100.0f, 0.0f, 1e-15f, 1.0f, -1e-10f, 100.0f};
    for (size_t i = 2 * RATE; i < 3 * RATE; i++) {
        s.mic[i] = wild[i / 50 % 7];
        s.far[i] = wild[i / 77 % 7];
    }
    linear_run r = open_linear(fastest(), KALMAN_PARTITIONS);
    cancel(&r, &s, 0, s.count);
    for (size_t i = 0; i < s.count; i++)
        assert_true(isfinite(s.error[i]) && isfinite(s.estimate[i]));
    assert_true(loudest_second_db(&s) < 0.1);
    print_message("ERLE %.1f dB four seconds later\n", erle_db(&s, 7.0, 8.0));
    assert_true(erle_db(&s, 7.0, 8.0) >= 15.0);
    close_linear(&r);
    free_scene(&s);
    free(h.samples);
}

/* A far end that is read `samples` later from 3 s on; the scene's echo comes 40 ms after it. */
static void carry_over(const scene *s, int64_t samples)
{
    scene stays = new_scene(s->count), moves = new_scene(s->count);
    for (size_t i = 0; i < s->count; i++) {
        const int64_t from = (int64_t)i - samples;
        stays.mic[i] = moves.mic[i] = s->mic[i];
        stays.far[i] = s->far[i];
        moves.far[i] = from >= 0 && from < (int64_t)s->count ? s->far[from] : 0.0f;
    }
    const size_t at = 3 * RATE;
    linear_run a = open_linear(fastest(), KALMAN_PARTITIONS);
    linear_run b = open_linear(fastest(), KALMAN_PARTITIONS);
    cancel(&a, &stays, 0, s->count);
    scene before = new_scene(s->count);
    memcpy(before.mic, s->mic, s->count * sizeof(float));
    memcpy(before.far, s->far, s->count * sizeof(float));
    cancel(&b, &before, 0, at);
    kalman_shift(&b.c, samples);
    for (size_t age = kalman_reach(KALMAN_PARTITIONS); age > 0; age--)
        kalman_remember(&b.c, (const float *const[]){moves.far + at - age * KALMAN_HOP});
    cancel(&b, &moves, at, s->count - RATE);
    const double same = snr_db(stays.estimate + at, moves.estimate + at, KALMAN_HOP);
    const double erle = erle_db(&stays, 3.0, 4.0), carried = erle_db(&moves, 3.0, 4.0);
    print_message("%lld samples: the first estimate differs by %.1f dB less, ERLE %.1f dB, %.1f dB "
                  "carried over\n",
                  (long long)samples, same, erle, carried);
    assert_true(same >= 20.0);
    assert_true(carried >= erle - 1.5);
    close_linear(&a);
    close_linear(&b);
    free_scene(&before);
    free_scene(&stays);
    free_scene(&moves);
}

/* Whole hops and not, earlier and later. */
static void the_far_end_is_read_elsewhere(void **unused)
{
    (void)unused;
    static const int64_t moves[] = {512, 300, 1, -128, -500};
    signal_ h = room(0.2, 17);
    scene s = new_scene(5 * RATE);
    far_speech(s.far, s.count);
    add_echo(&s, &h, 0, s.count);
    memmove(s.echo + 640, s.echo, (s.count - 640) * sizeof(float));
    memset(s.echo, 0, 640 * sizeof(float));
    add_noise(&s, 30.0, 18);
    mix(&s);
    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++)
        carry_over(&s, moves[i]);
    free_scene(&s);
    free(h.samples);
}

/* Every set and tail length, in place, and again after a reset. */
static void the_same_bits_everywhere(void **unused)
{
    (void)unused;
    static const size_t counts[] = {KALMAN_PARTITIONS_LEAST, 13, KALMAN_PARTITIONS_MOST};
    signal_ h = room(0.2, 9);
    scene s = new_scene(2 * RATE), again = new_scene(2 * RATE);
    far_speech(s.far, s.count);
    add_echo(&s, &h, 0, s.count);
    add_near(&s, 0.0, RATE, s.count);
    mix(&s);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        linear_run plain = open_linear(kernels_at(0), counts[i]);
        linear_run shifted = open_linear(kernels_at(0), counts[i]);
        cancel(&shifted, &s, 0, s.count);
        kalman_shift(&shifted.c, 200);
        const size_t weights = FILTER_ROWS * counts[i] * PARTITION_ROW * sizeof(float);
        cancel(&plain, &s, 0, s.count);
        for (size_t set = 1; set < kernels_count(); set++) {
            if ((kernels_at(set)->cpu & ~kernels_cpu()) != 0)
                continue;
            linear_run r = open_linear(kernels_at(set), counts[i]);
            for (int round = 0; round < 2; round++) {
                memcpy(again.error, s.mic, s.count * sizeof(float));
                memcpy(again.estimate, s.far, s.count * sizeof(float));
                for (size_t at = 0; at < s.count; at += KALMAN_HOP)
                    kalman_run(&r.c, again.error + at, (const float *const[]){again.estimate + at},
                               again.error + at, again.estimate + at);
                assert_memory_equal(again.error, s.error, s.count * sizeof(float));
                assert_memory_equal(again.estimate, s.estimate, s.count * sizeof(float));
                assert_memory_equal(&r.c.stats, &plain.c.stats, sizeof r.c.stats);
                if (round == 0) {
                    kalman_shift(&r.c, 200);
                    assert_memory_equal(r.c.paths.all[0].filter.filter,
                                        shifted.c.paths.all[0].filter.filter, weights);
                }
                kalman_reset(&r.c);
            }
            close_linear(&r);
        }
        close_linear(&plain);
        close_linear(&shifted);
    }
    free_scene(&s);
    free_scene(&again);
    free(h.samples);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(white_noise_25_db_in_3_s),
        cmocka_unit_test(speech_15_db_in_3_s),
        cmocka_unit_test(double_talk_keeps_the_filter),
        cmocka_unit_test(the_near_ends_own_voice_in_the_far_end_is_kept),
        cmocka_unit_test(a_note_held_before_the_far_end_stays),
        cmocka_unit_test(a_changed_room_is_found_in_2_s),
        cmocka_unit_test(a_silent_far_end_changes_no_bit),
        cmocka_unit_test(a_far_end_that_is_not_heard_costs_nothing),
        cmocka_unit_test(silence_leaks_nothing_away),
        cmocka_unit_test(no_second_gets_louder),
        cmocka_unit_test(an_echo_that_ends_is_given_up),
        cmocka_unit_test(an_echo_that_comes_back_is_found),
        cmocka_unit_test(a_poisoned_filter_begins_anew),
        cmocka_unit_test(wild_samples_do_no_harm),
        cmocka_unit_test(the_far_end_is_read_elsewhere),
        cmocka_unit_test(the_same_bits_everywhere),
    };
    return cmocka_run_group_tests_name("linear", tests, NULL, NULL);
}
