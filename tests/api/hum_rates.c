/*
 * Mains hum goes at every rate and with every engine; above 16 kHz the output's upper band, which
 * is what the rest leaves of the microphone, must not bring it back.
 */
#include "check.h"
#include "rates.h"

#include <math.h>
#include <stdlib.h>

enum { SECONDS = 10 };

/* The near end alone; what the hum adds to the output, against what it is. */
static void hum_goes_at_every_rate(void **unused)
{
    (void)unused;
    static const int rates[] = {8000, 16000, 44100, 48000};
    const signal_ near = read_sample("near");
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        const int rate = rates[i];
        signal_ voice = resampled(&near, 16000, rate);
        voice.count =
            voice.count < (size_t)(SECONDS * rate) ? voice.count : (size_t)(SECONDS * rate);
        signal_ hummed = new_signal(voice.count);
        const signal_ silence = new_signal(voice.count);
        for (size_t t = 0; t < voice.count; t++) {
            const double phase = 2.0 * 3.14159265358979323846 * 50.02 * (double)t / rate;
            hummed.samples[t] =
                voice.samples[t] + (float)(0.1 * sin(phase) + 0.05 * sin(3.0 * phase));
        }
        unecho_config config;
        unecho_config_init(&config);
        config.sample_rate = rate;
        config.engine = UNECHO_ENGINE_LINEAR;
        const signal_ with = whole(&config, &hummed, &silence);
        const signal_ without = whole(&config, &voice, &silence);
        float *const left = malloc(with.count * sizeof *left);
        for (size_t t = 0; t < with.count; t++) {
            left[t] = with.samples[t] - without.samples[t];
            hummed.samples[t] -= voice.samples[t];
        }
        const size_t from = (size_t)(6 * rate), n = with.count - from;
        const double db = power_db(left + from, n) - power_db(hummed.samples + from, n);
        print_message("%d Hz: %.1f dB of the hum are left\n", rate, db);
        assert_true(db < -20.0);
        free(left);
        free(with.samples);
        free(without.samples);
        free(hummed.samples);
        free(silence.samples);
        free(voice.samples);
    }
    free(near.samples);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hum_goes_at_every_rate),
    };
    return cmocka_run_group_tests_name("hum_rates", tests, NULL, NULL);
}
