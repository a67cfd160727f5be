/*
 * The linear canceller compared with SpeexDSP's, in the same rooms and recordings, with tails of
 * the same length: a higher ERLE, and in double talk a higher SI-SDR of the near end.
 */
#include "check.h"
#include "linear_run.h"
#include "speex.h"
#include "transforms.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double si_sdr(const scene *s, const float *output, double from, double to)
{
    const size_t a = (size_t)(from * (double)RATE), b = (size_t)(to * (double)RATE);
    return si_sdr_db(output + a, s->near + a, b - a);
}

static void cancel_by_us(scene *s)
{
    linear_run r = open_linear(fastest(), KALMAN_PARTITIONS);
    cancel(&r, s, 0, s->count);
    close_linear(&r);
}

/* Single talk, then double talk at 0 dB from 5 s on. */
static void better_in_simulated_rooms(void **unused)
{
    (void)unused;
    static const double t60s[] = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6};
    for (size_t i = 0; i < sizeof t60s / sizeof *t60s; i++) {
        signal_ h = room(t60s[i], 71 + (uint32_t)i);
        scene s = new_scene(8 * RATE);
        far_speech(s.far, s.count);
        add_echo(&s, &h, 0, s.count);
        add_noise(&s, 30.0, 72 + (uint32_t)i);
        add_near(&s, 0.0, 5 * RATE, s.count);
        mix(&s);
        cancel_by_us(&s);
        const double erle = erle_db(&s, 1.0, 5.0), ours = si_sdr(&s, s.error, 5.0, 8.0);
        cancel_by_speex(&s);
        const double speex = erle_db(&s, 1.0, 5.0);
        const double theirs = si_sdr(&s, s.error, 5.0, 8.0);
        print_message("T60 %.1f s: ERLE %.1f dB, SpeexDSP %.1f dB; double talk SI-SDR %.1f dB, "
                      "SpeexDSP %.1f dB, microphone %.1f dB\n",
                      t60s[i], erle, speex, ours, theirs, si_sdr(&s, s.mic, 5.0, 8.0));
        assert_true(erle > speex);
        assert_true(ours > theirs);
        free_scene(&s);
        free(h.samples);
    }
}

/*
 * How far the microphone lags the far end, 0 to 200 ms: where their samples, each minus 0.95 of the
 * previous one, correlate most.
 */
static size_t bulk_delay(const signal_ *mic, const signal_ *far)
{
    enum { MOST = RATE / 5 };
    size_t best = 0;
    double most = 0.0;
    for (size_t lag = 0; lag < MOST; lag++) {
        double sum = 0.0;
        for (size_t i = 1; i + lag < mic->count && i < far->count; i++)
            sum += (double)((mic->samples[i + lag] - 0.95f * mic->samples[i + lag - 1]) *
                            (far->samples[i] - 0.95f * far->samples[i - 1]));
        if (fabs(sum) > most) {
            most = fabs(sum);
            best = lag;
        }
    }
    return best;
}

/* The far end is delayed by 3 ms less, so that no echo comes before it. */
static scene recording(const char *name)
{
    signal_ mic, far;
    read_recording(name, &mic, &far);
    const size_t found = bulk_delay(&mic, &far), lag = found > 48 ? found - 48 : 0;
    print_message("%s: delay %zu samples\n", name, found);
    signal_ late = delayed(&far, (long)lag);
    free(far.samples);
    return scene_of(mic, late, (signal_){0});
}

static void better_on_recordings(void **unused)
{
    (void)unused;
    need_reference();
    /* In doubletalk the far end is alone for the first four seconds. */
    static const struct {
        const char *name;
        double from, to;
    } all[] = {{"doubletalk", 0.0, 4.0}, {"farend_singletalk", 1.0, 10.0}, {"theo", 1.0, 22.0}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        scene s = recording(all[i].name);
        cancel_by_us(&s);
        const double erle = erle_db(&s, all[i].from, all[i].to);
        cancel_by_speex(&s);
        const double speex = erle_db(&s, all[i].from, all[i].to);
        print_message("%s: ERLE %.1f dB, SpeexDSP %.1f dB\n", all[i].name, erle, speex);
        assert_true(erle > speex);
        free_scene(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(better_in_simulated_rooms),
        cmocka_unit_test(better_on_recordings),
    };
    return cmocka_run_group_tests_name("linear_speex", tests, NULL, NULL);
}
