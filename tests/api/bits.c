/*
 * The output of the built-in model has the same bits on every CPU: with every kernel set, and on
 * every machine that runs this test, as the constants below show.
 *
 * If the constants change, what users hear has changed, if only in the last bit. That is right
 * where the built-in model or the sample was replaced, or an operation was redefined on purpose;
 * then take the new constants from this test's messages and give the reason in the commit. It is
 * wrong after a change of speed, compiler or instruction set: then a kernel no longer computes its
 * definition.
 */
#include "check.h"
#include "signals.h"
#include "unecho.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

/* 1.5 s: both ends talk in it, and it is short enough for plain C on an emulated CPU. */
enum { LENGTH = 24000 };

static const uint64_t input_hash = 0x4ad4c8fef423f56a;
static const struct {
    const char *name;
    unecho_precision precision;
    int rate; /* declared for the samples; 0: the network alone, as in the reference */
    uint64_t hash;
} outputs[] = {
    {"fp32", UNECHO_PRECISION_FP32, 0, 0xdf3ddc1d3968d24c},
    {"bf16", UNECHO_PRECISION_BF16, 0, 0xc84a6cc508c674f1},
    {"int8", UNECHO_PRECISION_INT8, 0, 0xbcbcf89987fb957d},
    {"int8, aligned", UNECHO_PRECISION_INT8, 16000, 0xc1c52581a538d131},
    {"int8, aligned, 44.1 kHz", UNECHO_PRECISION_INT8, 44100, 0xe79410122e8ad5af},
};

static signal_ mic, far;

static int set_up(void **unused)
{
    (void)unused;
    mic = read_sample("mic");
    far = read_sample("far");
    return mic.count >= LENGTH && far.count >= LENGTH ? 0 : -1;
}

static int tear_down(void **unused)
{
    (void)unused;
    free(mic.samples);
    free(far.samples);
    return 0;
}

/* FNV-1a over the bits of the samples, low byte first on every machine; 0 starts one. */
static uint64_t hash_of(const float *x, size_t n, uint64_t hash)
{
    hash = hash ? hash : 0xcbf29ce484222325u;
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        for (int byte = 0; byte < 4; byte++, bits >>= 8)
            hash = (hash ^ (bits & 0xffu)) * 0x100000001b3u;
    }
    return hash;
}

/* Runs first: if this fails, the others mean nothing. */
static void the_sample_is_the_one_that_was_hashed(void **unused)
{
    (void)unused;
    const uint64_t hash = hash_of(far.samples, LENGTH, hash_of(mic.samples, LENGTH, 0));
    if (hash != input_hash)
        fail_msg("the sample: 0x%016llx, expected 0x%016llx", (unsigned long long)hash,
                 (unsigned long long)input_hash);
}

/* Chunks of all kinds, so that the kernels see single hops and blocks of many. */
static uint64_t hash_of_stream(unecho *stream, float *out)
{
    static const size_t chunks[] = {128, 128, 2048, 300, 1, 700, 128, 4000};
    for (size_t i = 0, n, turn = 0; i < LENGTH; i += n, turn++) {
        n = chunks[turn % (sizeof chunks / sizeof *chunks)];
        n = LENGTH - i < n ? LENGTH - i : n;
        assert_int_equal(unecho_process(stream, mic.samples + i, far.samples + i, out + i, n),
                         UNECHO_OK);
    }
    return hash_of(out, LENGTH, 0);
}

static void every_set_gives_these_bits(void **unused)
{
    (void)unused;
    const uint32_t cpu = unecho_cpu_features();
    float *const out = malloc(LENGTH * sizeof *out);
    int wrong = 0;
    for (size_t i = 0; i < sizeof outputs / sizeof *outputs; i++) {
        char seen[256] = " ";
        for (uint32_t set = 0; set <= cpu; set++) {
            if ((set & cpu) != set)
                continue;
            unecho_config config = reference_config();
            if (outputs[i].rate > 0) {
                unecho_config_init(&config);
                config.sample_rate = outputs[i].rate;
                config.noise_reduction_db = 0;
            }
            config.cpu = set;
            config.precision = outputs[i].precision;
            unecho *stream = NULL;
            assert_int_equal(unecho_open(&stream, &config), UNECHO_OK);
            /* Many masks select the same kernels: test each once. */
            char name[32];
            snprintf(name, sizeof name, " %s ", unecho_kernels(stream));
            if (!strstr(seen, name)) {
                strcat(seen, name);
                const uint64_t hash = hash_of_stream(stream, out);
                print_message("%s,%s: 0x%016llx\n", outputs[i].name, name,
                              (unsigned long long)hash);
                wrong += hash != outputs[i].hash;
            }
            unecho_close(&stream);
        }
    }
    free(out);
    if (wrong)
        fail_msg("%d outputs are other bits than the constants in this file say", wrong);
}

/* Hosts of audio plugins let the CPU take subnormal numbers for 0, others do not. */
static void subnormal_numbers_do_not_count(void **unused)
{
    (void)unused;
#if defined(__SSE__)
    enum { FLUSHED = 0x8040 }; /* results and operands */
    float *const out = malloc(LENGTH * sizeof *out);
    signal_ *const both[] = {&mic, &far};
    for (int quiet = 0; quiet < 2; quiet++) {
        uint64_t hashes[2];
        for (unsigned flushed = 0; flushed < 2; flushed++) {
            unecho *stream = NULL;
            assert_int_equal(unecho_open(&stream, NULL), UNECHO_OK);
            const unsigned before = _mm_getcsr();
            _mm_setcsr(flushed ? before | FLUSHED : before);
            hashes[flushed] = hash_of_stream(stream, out);
            _mm_setcsr(before);
            unecho_close(&stream);
        }
        assert_true(hashes[0] == hashes[1]);
        /* So faint that their products are subnormal. */
        for (size_t e = 0; e < 2; e++)
            for (size_t i = 0; i < LENGTH; i++)
                both[e]->samples[i] *= 1e-14f;
    }
    free(out);
#else
    skip();
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sample_is_the_one_that_was_hashed),
        cmocka_unit_test(every_set_gives_these_bits),
        cmocka_unit_test(subnormal_numbers_do_not_count),
    };
    return cmocka_run_group_tests_name("bits", tests, set_up, tear_down);
}
