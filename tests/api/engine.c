/*
 * The engines: the linear filter alone and before the network keep what streams promise, and cancel
 * the echo of the bundled sample.
 */
#include "check.h"
#include "scene.h"
#include "transforms.h"
#include "unecho_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Where each end talks in the sample, in samples: samples/meeting.json. */
enum {
    FAR_FROM = 9600,
    FAR_TO = 143072,
    NEAR_FROM = 157472,
    NEAR_TO = 256704,
    BOTH_FROM = 271104,
    BOTH_TO = 387264,
    /* For tests that need no more. */
    LENGTH = 3 * RATE + 77,
};
enum { ENGINES = 3 };
static const char *const names[ENGINES] = {"neural", "linear", "linear+neural"};

static signal_ mic, far, near;

static int set_up(void **unused)
{
    (void)unused;
    mic = read_sample("mic");
    far = read_sample("far");
    near = read_sample("near");
    return 0;
}

static int tear_down(void **unused)
{
    (void)unused;
    free(mic.samples);
    free(far.samples);
    free(near.samples);
    return 0;
}

static unecho_config config_of(unecho_engine engine)
{
    unecho_config config;
    unecho_config_init(&config);
    config.engine = engine;
    return config;
}

static unecho *open_stream(const unecho_config *config)
{
    unecho *stream = NULL;
    assert_int_equal(unecho_open(&stream, config), UNECHO_OK);
    return stream;
}

static unecho_stats stats_of(const unecho *stream)
{
    unecho_stats stats = {.size = sizeof stats};
    assert_int_equal(unecho_get_stats(stream, &stats), UNECHO_OK);
    return stats;
}

/* chunk 0: chunks of random length. */
static void pass(unecho *stream, const float *m, const float *f, float *out, size_t chunk,
                 size_t length)
{
    uint32_t seed = 99;
    for (size_t i = 0, n; i < length; i += n) {
        n = chunk ? chunk : random_bits(&seed) % 3000;
        n = length - i < n ? length - i : n;
        assert_int_equal(unecho_process(stream, m + i, f + i, out + i, n), UNECHO_OK);
    }
}

/* ---- What streams promise ---------------------------------------------------------------- */

/*
 * The far end arrives 300 ms before its echo: the aligner moves it along the way, where filter and
 * network start again.
 */
static void the_same_bits(void **state)
{
    const unecho_engine engine = *(const unecho_engine *)*state;
    static const size_t chunks[] = {0, 1, 128, 480, 5000};
    static const unsigned hops[] = {1, 3, 64, 16, 7};
    const uint32_t cpu = unecho_cpu_features();
    signal_ late = delayed(&mic, 300 * RATE / 1000);
    float *const expected = malloc(LENGTH * sizeof *expected);
    float *const out = malloc(LENGTH * sizeof *out);
    unecho_config config = config_of(engine);
    unecho *stream = open_stream(&config);
    pass(stream, late.samples, far.samples, expected, LENGTH, LENGTH);
    assert_int_equal(stats_of(stream).realignments, 1);
    const unecho_stats stats = stats_of(stream);

    assert_int_equal(unecho_reset(stream), UNECHO_OK);
    pass(stream, late.samples, far.samples, out, 777, LENGTH);
    assert_memory_equal(out, expected, LENGTH * sizeof *out);
    const unecho_stats again = stats_of(stream);
    assert_memory_equal(&again, &stats, sizeof stats);
    unecho_close(&stream);

    for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++) {
        config.hops_at_once = hops[i];
        stream = open_stream(&config);
        pass(stream, late.samples, far.samples, out, chunks[i], LENGTH);
        assert_memory_equal(out, expected, LENGTH * sizeof *out);
        unecho_close(&stream);
    }
    for (uint32_t set = 0; set <= cpu; set++) {
        if ((set & cpu) != set)
            continue;
        config.cpu = set;
        stream = open_stream(&config);
        assert_true(strlen(unecho_kernels(stream)) > 0);
        pass(stream, late.samples, far.samples, out, LENGTH / 3, LENGTH / 3);
        assert_memory_equal(out, expected, LENGTH / 3 * sizeof *out);
        unecho_close(&stream);
    }
    free(late.samples);
    free(expected);
    free(out);
}

/* While the far end is silent the output is the microphone, delayed by the latency, bit for bit. */
static void latency(void **state)
{
    const unecho_engine engine = *(const unecho_engine *)*state;
    const int lag_of[] = {[UNECHO_ENGINE_NEURAL] = 384,
                          [UNECHO_ENGINE_LINEAR] = 0,
                          [UNECHO_ENGINE_LINEAR_NEURAL] = 128};
    const int expected[] = {lag_of[engine] + 128, lag_of[engine]};
    enum { N = RATE / 2 };
    float *const x = calloc(N, sizeof *x), *const out = calloc(N, sizeof *out);
    x[1000] = 0.5f;
    for (size_t i = 3000; i < N; i++)
        x[i] = near.samples[NEAR_FROM + i];
    for (int whole = 0; whole <= 1; whole++) {
        unecho_config config = config_of(engine);
        config.noise_reduction_db = 0;
        config.whole_hops = whole;
        unecho *stream = open_stream(&config);
        const int lag = unecho_latency(stream);
        assert_int_equal(lag, expected[whole]);
        const size_t n = N / 128 * 128;
        assert_int_equal(unecho_process(stream, x, NULL, out, n), UNECHO_OK);
        assert_memory_equal(out + lag, x, (n - (size_t)lag) * sizeof *x);
        for (int i = 0; i < lag; i++)
            assert_true(out[i] == 0.0f);
        assert_int_equal(unecho_process_whole(stream, x, N - 5, NULL, 0, out, 0), UNECHO_OK);
        assert_memory_equal(out, x, (N - 5) * sizeof *x);
        unecho_close(&stream);
    }
    free(x);
    free(out);
}

/* At 48 kHz: with the latency that it reports, in the high band as well. */
static void latency_at_another_rate(void **state)
{
    const unecho_engine engine = *(const unecho_engine *)*state;
    enum { N = 24000 };
    float *const x = noise_signal(N, 0.2f, 8).samples, *const out = calloc(N, sizeof *out);
    unecho_config config = config_of(engine);
    config.noise_reduction_db = 0;
    config.sample_rate = 48000;
    unecho *stream = open_stream(&config);
    const size_t lag = (size_t)unecho_latency(stream);
    print_message("%s: %zu frames at 48 kHz\n", names[engine], lag);
    const double ms = (double)lag / 48.0, least = engine == UNECHO_ENGINE_LINEAR          ? 13.0
                                                  : engine == UNECHO_ENGINE_LINEAR_NEURAL ? 21.0
                                                                                          : 37.0;
    assert_true(ms >= least && ms <= least + 7.0);
    assert_int_equal(unecho_process(stream, x, NULL, out, N), UNECHO_OK);
    assert_true(snr_db(out + lag, x, N - lag) > 60.0);
    unecho_close(&stream);
    free(x);
    free(out);
}

static void many_at_once(void **unused)
{
    (void)unused;
    enum { COUNT = 3, N = RATE };
    unecho_model *model = NULL;
    assert_int_equal(unecho_model_builtin(&model, UNECHO_MODEL_DTLN_AEC, NULL, 0), UNECHO_OK);
    unecho *streams[COUNT], *linear;
    const float *mics[COUNT], *fars[COUNT];
    float *outs[COUNT], *const alone = malloc(N * sizeof *alone);
    unecho_config config = config_of(UNECHO_ENGINE_LINEAR);
    config.model = model;
    linear = open_stream(&config);
    for (size_t i = 0; i < COUNT; i++) {
        config.engine = i == 0 ? UNECHO_ENGINE_NEURAL : UNECHO_ENGINE_LINEAR_NEURAL;
        streams[i] = open_stream(&config);
        mics[i] = mic.samples + i * RATE;
        fars[i] = far.samples + i * RATE;
        outs[i] = malloc(N * sizeof(float));
    }
    for (size_t done = 0, n = 300; done + n <= N; done += n) {
        const float *m[COUNT], *f[COUNT];
        float *o[COUNT];
        for (size_t i = 0; i < COUNT; i++) {
            m[i] = mics[i] + done;
            f[i] = fars[i] + done;
            o[i] = outs[i] + done;
        }
        assert_int_equal(unecho_process_many(streams, m, f, o, COUNT, n), UNECHO_OK);
    }
    for (size_t i = 0; i < COUNT; i++) {
        unecho_reset(streams[i]);
        pass(streams[i], mics[i], fars[i], alone, 512, N / 300 * 300);
        assert_memory_equal(outs[i], alone, N / 300 * 300 * sizeof *alone);
    }
    unecho *const refused[][2] = {{linear, linear}, {streams[0], linear}, {linear, streams[1]}};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(unecho_process_many(refused[i], mics, fars, outs, 2, 128),
                         UNECHO_ERROR_ARGUMENT);
    assert_int_equal(stats_of(linear).frames, 0);
    for (size_t i = 0; i < COUNT; i++) {
        unecho_close(&streams[i]);
        free(outs[i]);
    }
    unecho_close(&linear);
    unecho_model_unref(&model);
    free(alone);
}

/* Samples that are NaN, too large or too small do no lasting harm. */
static void bad_samples(void **state)
{
    const unecho_engine engine = *(const unecho_engine *)*state;
    enum { N = 4 * RATE };
    static const float bad[] = {NAN, INFINITY, -INFINITY, 1e38f, -100.0f, 1e-40f};
    signal_ m = noise_signal(N, 0.1f, 3), f = noise_signal(N, 0.1f, 4);
    for (size_t i = 0; i < RATE; i++) {
        m.samples[i] = bad[i % 6];
        f.samples[i] = bad[(i / 3) % 6];
    }
    float *const out = malloc(N * sizeof *out);
    const unecho_config config = config_of(engine);
    unecho *stream = open_stream(&config);
    pass(stream, m.samples, f.samples, out, 1000, N);
    for (size_t i = 0; i < N; i++)
        assert_true(isfinite(out[i]));
    assert_true(power_db(out + 3 * RATE, RATE) < power_db(m.samples + 3 * RATE, RATE) + 0.1);
    unecho_close(&stream);
    free(m.samples);
    free(f.samples);
    free(out);
}

/* ---- Configuration ----------------------------------------------------------------------- */

static size_t taken;

static void *count_bytes(void *user, size_t size)
{
    (void)user;
    taken = size;
    return malloc(size);
}

static void give_back(void *user, void *memory)
{
    (void)user;
    free(memory);
}

static size_t bytes_of(unecho_engine engine, unsigned tail_ms)
{
    unecho_config config = config_of(engine);
    config.hops_at_once = 1;
    config.linear_tail_ms = tail_ms;
    config.allocate = count_bytes;
    config.release = give_back;
    unecho *stream = open_stream(&config);
    unecho_close(&stream);
    return taken;
}

static void memory(void **unused)
{
    (void)unused;
    const size_t neural = bytes_of(UNECHO_ENGINE_NEURAL, 512);
    const size_t both = bytes_of(UNECHO_ENGINE_LINEAR_NEURAL, 256);
    const size_t lone = bytes_of(UNECHO_ENGINE_LINEAR, 256);
    print_message("bytes of a live stream: neural %zu, linear %zu, linear+neural %zu\n", neural,
                  lone, both);
    /* The tail needs no memory without a linear filter, nor the network where there is none. */
    assert_int_equal(neural, bytes_of(UNECHO_ENGINE_NEURAL, 64));
    assert_true(lone < both && neural < both);
    assert_true(bytes_of(UNECHO_ENGINE_LINEAR, 64) < lone);
    assert_true(bytes_of(UNECHO_ENGINE_LINEAR, 512) > lone);
}

static void configs_out_of_range(void **unused)
{
    (void)unused;
    static const struct {
        int engine;
        unsigned tail;
        const char *message;
    } wrong[] = {
        {3, 256, "engine is 3, expected 0 to 2"},
        {-1, 256, "engine is -1, expected 0 to 2"},
        {1, 0, "linear_tail_ms is 0, expected a multiple of 8 from 64 to 512"},
        {1, 56, "linear_tail_ms is 56, expected a multiple of 8 from 64 to 512"},
        {2, 100, "linear_tail_ms is 100, expected a multiple of 8 from 64 to 512"},
        {2, 520, "linear_tail_ms is 520, expected a multiple of 8 from 64 to 512"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char message[UNECHO_MESSAGE_SIZE];
        unecho_config config = config_of((unecho_engine)wrong[i].engine);
        config.linear_tail_ms = wrong[i].tail;
        config.message = message;
        config.message_size = sizeof message;
        unecho *stream = NULL;
        assert_int_equal(unecho_open(&stream, &config), UNECHO_ERROR_ARGUMENT);
        assert_null(stream);
        assert_string_equal(message, wrong[i].message);
    }
    static const unsigned right[] = {64, 72, 256, 512};
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        unecho_config config = config_of(UNECHO_ENGINE_LINEAR);
        config.linear_tail_ms = right[i];
        unecho *stream = open_stream(&config);
        unecho_close(&stream);
    }
}

/* ---- What the engines are there for ------------------------------------------------------ */

typedef struct figures {
    double erle, si_sdr, level;
    unecho_stats stats;
} figures;

static figures measure(unecho_engine engine)
{
    float *const out = malloc(mic.count * sizeof *out);
    const unecho_config config = config_of(engine);
    unecho *stream = open_stream(&config);
    assert_int_equal(
        unecho_process_whole(stream, mic.samples, mic.count, far.samples, far.count, out, 0),
        UNECHO_OK);
    const figures f = {
        .erle = active_erle_db(mic.samples, far.samples, out, FAR_FROM, FAR_TO),
        .si_sdr = si_sdr_db(out + BOTH_FROM, near.samples + BOTH_FROM, BOTH_TO - BOTH_FROM),
        .level = power_db(out + NEAR_FROM, NEAR_TO - NEAR_FROM) -
                 power_db(near.samples + NEAR_FROM, NEAR_TO - NEAR_FROM),
        .stats = stats_of(stream),
    };
    print_message("%s: ERLE %.1f dB, linear %.1f dB over all; double talk SI-SDR %.1f dB; near end "
                  "%+.2f dB\n",
                  names[engine], f.erle, (double)f.stats.linear_erle_db, f.si_sdr, f.level);
    unecho_close(&stream);
    free(out);
    return f;
}

static void on_the_sample(void **unused)
{
    (void)unused;
    const figures neural = measure(UNECHO_ENGINE_NEURAL);
    const figures alone = measure(UNECHO_ENGINE_LINEAR);
    const figures both = measure(UNECHO_ENGINE_LINEAR_NEURAL);
    /*
     * After the filter the network has less to remove, and removes less where only the far end
     * talks; but in double talk it keeps much more of the voice.
     */
    assert_true(neural.erle >= 35.0);
    assert_true(alone.erle >= 15.0);
    assert_true(both.erle >= 35.0);
    assert_true(alone.si_sdr >= neural.si_sdr + 8.0);
    assert_true(both.si_sdr >= neural.si_sdr + 8.0);
    assert_true(fabs(alone.level) < 0.1);
    assert_true(fabs(both.level) < 0.5);

    assert_true(neural.stats.linear_erle_db == 0.0f && neural.stats.linear_diverged == 0);
    /* Alone, its ERLE is the stream's; before the network, it is the same filter, but leaves half
     * of its correction to the network. */
    assert_true(fabsf(alone.stats.linear_erle_db - alone.stats.erle_db) < 0.1f);
    assert_true(both.stats.linear_erle_db <= alone.stats.linear_erle_db);
    assert_true(both.stats.linear_erle_db > alone.stats.linear_erle_db - 1.0f);
    assert_true(both.stats.erle_db > both.stats.linear_erle_db);
    assert_int_equal(alone.stats.linear_diverged, 0);
}

/* The far end moves when the delay is found; from then on the filter cancels. */
static void behind_the_aligner(void **unused)
{
    (void)unused;
    enum { N = FAR_TO };
    signal_ late = delayed(&mic, 600 * RATE / 1000), heard = delayed(&far, 600 * RATE / 1000);
    float *const out = malloc(N * sizeof *out);
    const unecho_config config = config_of(UNECHO_ENGINE_LINEAR);
    unecho *stream = open_stream(&config);
    pass(stream, late.samples, far.samples, out, 480, N);
    const double erle = active_erle_db(late.samples, heard.samples, out + 128, 4 * RATE, N - 128);
    print_message("600 ms apart: ERLE %.1f dB\n", erle);
    assert_true(erle > 12.0);
    assert_int_equal(stats_of(stream).realignments, 1);
    unecho_close(&stream);
    free(late.samples);
    free(heard.samples);
    free(out);
}

int main(void)
{
    static unecho_engine linear = UNECHO_ENGINE_LINEAR, both = UNECHO_ENGINE_LINEAR_NEURAL,
                         neural = UNECHO_ENGINE_NEURAL;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(the_same_bits, &linear),
        cmocka_unit_test_prestate(the_same_bits, &both),
        cmocka_unit_test_prestate(latency, &neural),
        cmocka_unit_test_prestate(latency, &linear),
        cmocka_unit_test_prestate(latency, &both),
        cmocka_unit_test_prestate(latency_at_another_rate, &neural),
        cmocka_unit_test_prestate(latency_at_another_rate, &linear),
        cmocka_unit_test_prestate(latency_at_another_rate, &both),
        cmocka_unit_test(many_at_once),
        cmocka_unit_test_prestate(bad_samples, &linear),
        cmocka_unit_test_prestate(bad_samples, &both),
        cmocka_unit_test(memory),
        cmocka_unit_test(configs_out_of_range),
        cmocka_unit_test(on_the_sample),
        cmocka_unit_test(behind_the_aligner),
    };
    return cmocka_run_group_tests_name("engine", tests, set_up, tear_down);
}
