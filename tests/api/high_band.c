/*
 * Above 8 kHz, which the network does not hear: the echo goes, a near end stays while the far end
 * talks, and noise follows the noise settings. On the sample, with an upper band made of what it
 * has below 8 kHz.
 */
#include "check.h"
#include "rates.h"

#include <math.h>
#include <stdlib.h>

enum { NATIVE = 48000 };

/* At 48 kHz, near: the near talker in mic. */
static signal_ mic, far, near;
/* Above 8 kHz. */
static signal_ upper_mic, upper_near;
static unecho_model *model;

static int set_up(void **unused)
{
    (void)unused;
    const char *const names[] = {"mic", "far", "near"};
    signal_ *const all[] = {&mic, &far, &near};
    for (size_t i = 0; i < 3; i++) {
        const signal_ x = read_sample(names[i]);
        *all[i] = with_air(&x, 0.3f);
        free(x.samples);
    }
    upper_mic = upper_band(&mic);
    upper_near = upper_band(&near);
    return unecho_model_builtin(&model, UNECHO_MODEL_POSTFILTER, NULL, 0);
}

static int tear_down(void **unused)
{
    (void)unused;
    signal_ *const all[] = {&mic, &far, &near, &upper_mic, &upper_near};
    for (size_t i = 0; i < 5; i++)
        free(all[i]->samples);
    unecho_model_unref(&model);
    return 0;
}

static unecho_config config_at(int rate)
{
    unecho_config config;
    unecho_config_init(&config);
    config.sample_rate = rate;
    config.model = model;
    return config;
}

/* What a stream makes of these at 48 kHz, above 8 kHz. */
static signal_ upper_output(const unecho_config *config, const signal_ *m, const signal_ *f)
{
    const int rate = config->sample_rate, far_rate = config->far_rate ? config->far_rate : rate;
    const signal_ there = resampled(m, NATIVE, rate), played = resampled(f, NATIVE, far_rate);
    const signal_ out = whole(config, &there, &played), back = resampled(&out, rate, NATIVE);
    const signal_ upper = upper_band(&back);
    free(there.samples);
    free(played.samples);
    free(out.samples);
    free(back.samples);
    return upper;
}

/* ---- Echo and voice ------------------------------------------------------------------------- */

/* By how many dB the near end in x is louder than it is, where both talk. */
static double voice_db(const signal_ *x)
{
    double cross = 0.0, power = 0.0;
    for (size_t i = (size_t)(both_talk.from * NATIVE); i < (size_t)(both_talk.to * NATIVE); i++) {
        cross += (double)x->samples[i] * (double)upper_near.samples[i];
        power += (double)upper_near.samples[i] * (double)upper_near.samples[i];
    }
    return 20.0 * log10(fabs(cross) / power);
}

static double near_sdr_db(const signal_ *x)
{
    const size_t from = (size_t)(both_talk.from * NATIVE), to = (size_t)(both_talk.to * NATIVE);
    return si_sdr_db(x->samples + from, upper_near.samples + from, to - from);
}

typedef struct upper_figures {
    double echo, alone, both, sdr_gain; /* dB */
} upper_figures;

static upper_figures figures_of(const char *name, const unecho_config *config)
{
    const signal_ out = upper_output(config, &mic, &far);
    const upper_figures f = {
        .echo = part_db(&out, NATIVE, far_alone) - part_db(&upper_mic, NATIVE, far_alone),
        .alone = part_db(&out, NATIVE, near_alone) - part_db(&upper_mic, NATIVE, near_alone),
        .both = voice_db(&out),
        .sdr_gain = near_sdr_db(&out) - near_sdr_db(&upper_mic),
    };
    print_message("%s, %d Hz: echo %+.1f dB, near end alone %+.2f dB, with the far end %+.2f dB, "
                  "SI-SDR %+.1f dB\n",
                  name, config->sample_rate, f.echo, f.alone, f.both, f.sdr_gain);
    free(out.samples);
    return f;
}

static void echo_goes_and_voice_stays(void **unused)
{
    (void)unused;
    static const int rates[] = {44100, 48000, 96000};
    for (size_t r = 0; r < sizeof rates / sizeof *rates; r++) {
        const unecho_config config = config_at(rates[r]);
        figures_of("both rates", &config);
    }
}

/* Played at full bandwidth, but told without. */
static void a_far_end_without_an_upper_band(void **unused)
{
    (void)unused;
    unecho_config config = config_at(NATIVE);
    config.far_rate = 16000;
    config.far_queue_ms = 100;
    figures_of("far end at 16 kHz", &config);
}

/* ---- Noise ---------------------------------------------------------------------------------- */

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(echo_goes_and_voice_stays),
        cmocka_unit_test(a_far_end_without_an_upper_band),
    };
    return cmocka_run_group_tests_name("high_band", tests, set_up, tear_down);
}
