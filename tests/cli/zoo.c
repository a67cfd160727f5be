/*
 * WAV files of every kind, right, odd, wrong and truncated: the output is the right samples or a
 * clear error, and never half a file. One table says what each should give.
 */
#include "check.h"
#include "command.h"

#include <sndfile.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FRAMES = 1000, RATE = 16000, ROOM = 1 << 20 };

enum { PCM = 1, FLOAT = 3, EXTENSIBLE = 0xfffe };

typedef enum container { RIFF, RF64, W64 } container;

/* What a file of the zoo claims and holds. */
typedef struct animal {
    const char *name;
    container in;
    unsigned tag, bits, channels, rate;
    unsigned frames;
    unsigned chunk; /* bytes of a meaningless chunk before the samples */
    bool lies;      /* the header has the sizes below, not the true ones */
    uint32_t riff, data;
    /* The expected result: so many samples, those of the plain file at its rate ... */
    int samples;
    /* ... or, -1, an error that contains this. */
    const char *error;
} animal;

#define AS(t, b, c, r, f) .tag = (t), .bits = (b), .channels = (c), .rate = (r), .frames = (f)
#define OF(t, b)          AS(t, b, 1, RATE, FRAMES)
#define MONO              OF(PCM, 16)
#define SIZES(r, d)       .lies = true, .riff = (r), .data = (d)
#define RIGHT             .samples = FRAMES
#define REFUSED(text)     .samples = -1, .error = (text)

static const animal zoo[] = {
    {"pcm8", OF(PCM, 8), RIGHT},
    {"pcm13", OF(PCM, 13), RIGHT},
    {"pcm16", OF(PCM, 16), RIGHT},
    {"pcm24", OF(PCM, 24), RIGHT},
    {"pcm32", OF(PCM, 32), RIGHT},
    {"float32", OF(FLOAT, 32), RIGHT},
    {"float64", OF(FLOAT, 64), RIGHT},
    {"extensible_16", .in = RIFF, OF(EXTENSIBLE, 16), RIGHT},
    {"extensible_24", .in = RIFF, OF(EXTENSIBLE, 24), RIGHT},
    {"rf64_16", .in = RF64, OF(PCM, 16), RIGHT},
    {"rf64_float", .in = RF64, OF(FLOAT, 32), RIGHT},
    {"w64_16", .in = W64, OF(PCM, 16), RIGHT},
    {"w64_float", .in = W64, OF(FLOAT, 32), RIGHT},
    {"even_chunk", MONO, .chunk = 10, RIGHT},
    {"odd_chunk", MONO, .chunk = 11, RIGHT},
    {"one_sample", AS(PCM, 16, 1, RATE, 1), .samples = 1},
    {"odd_bytes", AS(PCM, 8, 1, RATE, 3), .samples = 3},
    {"empty", AS(PCM, 16, 1, RATE, 0), REFUSED("holds no samples")},
    /* Programs that write to pipes do not know the sizes; others get them wrong. */
    {"sizes_ffffffff", MONO, SIZES(0xffffffff, 0xffffffff), RIGHT},
    {"sizes_7fffffff", MONO, SIZES(0x7fffffff, 0x7fffffff), RIGHT},
    {"riff_size_0", MONO, SIZES(0, 2 * FRAMES), RIGHT},
    {"riff_size_wrong", MONO, SIZES(17, 2 * FRAMES), RIGHT},
    {"data_size_half", MONO, SIZES(2 * FRAMES + 36, FRAMES), .samples = FRAMES / 2},
    {"data_size_larger", MONO, SIZES(2 * FRAMES + 36, 2 * FRAMES + 100), RIGHT},
    /* Other rates and channel counts, as far as devices have them. */
    {"rate_48000", AS(PCM, 16, 1, 48000, FRAMES), RIGHT},
    {"rate_8000", AS(PCM, 16, 1, 8000, FRAMES), RIGHT},
    {"rate_7999", AS(PCM, 16, 1, 7999, FRAMES), REFUSED("7999 Hz")},
    {"rate_192001", AS(PCM, 16, 1, 192001, FRAMES), REFUSED("192001 Hz")},
    {"rate_1", AS(PCM, 16, 1, 1, FRAMES), REFUSED("1 Hz")},
    {"rate_largest", AS(PCM, 16, 1, 0x7fffffff, FRAMES), REFUSED("2147483647 Hz")},
    {"channels_2", AS(PCM, 16, 2, RATE, FRAMES), RIGHT},
    {"channels_8", AS(PCM, 16, 8, RATE, FRAMES), RIGHT},
    {"channels_9", AS(PCM, 16, 9, RATE, 10), REFUSED("9 channels")},
    {"channels_1024", AS(PCM, 16, 1024, RATE, 4), REFUSED("1024 channels")},
    /* What no program can read. */
    {"rate_0", AS(PCM, 16, 1, 0, FRAMES), REFUSED("not a sound file")},
    {"channels_0", AS(PCM, 16, 0, RATE, FRAMES), REFUSED("not a sound file")},
    {"channels_65535", AS(PCM, 8, 65535, RATE, 2), REFUSED("not a sound file")},
    {"bits_0", OF(PCM, 0), REFUSED("not a sound file")},
    {"bits_65535", AS(PCM, 65535, 1, RATE, 0), REFUSED("not a sound file")},
    {"tag_unknown", OF(0x7777, 16), REFUSED("not a sound file")},
};

/* ---- Making them ------------------------------------------------------------------------ */

static unsigned char file[ROOM];
static size_t used;

static void put(uint64_t value, size_t count)
{
    for (size_t i = 0; i < count; i++)
        file[used++] = (unsigned char)(value >> 8 * i);
}

static void put_text(const char *text)
{
    memcpy(file + used, text, strlen(text));
    used += strlen(text);
}

/* Multiples of 1/128: every format holds them exactly. */
static int sample_at(size_t i)
{
    return (int)(i * i * 31 % 201) - 100;
}

/* Bytes per sample; 13 bits are in the upper part of 16. */
static unsigned width(const animal *a)
{
    return (a->bits + 7) / 8;
}

static void put_sample(const animal *a, int value)
{
    const float as_float = (float)value / 128.0f;
    const double as_double = (double)value / 128.0;
    if (a->tag == FLOAT && a->bits == 32) {
        memcpy(file + used, &as_float, sizeof as_float);
        used += sizeof as_float;
    } else if (a->tag == FLOAT) {
        memcpy(file + used, &as_double, sizeof as_double);
        used += sizeof as_double;
    } else if (a->bits == 8) {
        put((uint64_t)(value + 128), 1);
    } else if (a->bits > 0) {
        put((uint64_t)(int64_t)value << (8 * width(a) - 8), width(a));
    }
}

static void put_format(const animal *a)
{
    const unsigned frame = a->channels * width(a);
    put(a->tag, 2);
    put(a->channels, 2);
    put(a->rate, 4);
    put((uint64_t)a->rate * frame, 4);
    put(frame, 2);
    put(a->bits, 2);
    if (a->tag != EXTENSIBLE)
        return;
    put(22, 2);
    put(a->bits, 2);
    put(4, 4); /* front centre */
    put(PCM, 2);
    static const unsigned char rest[] = {0, 0, 0,    0, 0x10, 0,    0x80,
                                         0, 0, 0xaa, 0, 0x38, 0x9b, 0x71};
    memcpy(file + used, rest, sizeof rest);
    used += sizeof rest;
}

static void put_samples(const animal *a)
{
    for (size_t i = 0; i < a->frames; i++)
        for (size_t channel = 0; channel < a->channels; channel++)
            put_sample(a, sample_at(i));
}

static void make_riff(const animal *a)
{
    const uint32_t bytes = a->frames * a->channels * width(a);
    const uint32_t format = a->tag == EXTENSIBLE ? 40 : 16;
    const uint32_t chunk = a->chunk > 0 ? 8 + a->chunk + a->chunk % 2 : 0;
    const uint32_t sizes = a->in == RF64 ? 36 : 0;
    const uint32_t all = 4 + sizes + 8 + format + chunk + 8 + bytes + bytes % 2;
    put_text(a->in == RF64 ? "RF64" : "RIFF");
    put(a->in == RF64 ? 0xffffffff : a->lies ? a->riff : all, 4);
    put_text("WAVE");
    if (a->in == RF64) {
        put_text("ds64");
        put(28, 4);
        put(all, 8);
        put(bytes, 8);
        put(a->frames, 8);
        put(0, 4);
    }
    put_text("fmt ");
    put(format, 4);
    put_format(a);
    if (a->chunk > 0) {
        put_text("junk");
        put(a->chunk, 4);
        for (unsigned i = 0; i < a->chunk + a->chunk % 2; i++)
            put(0, 1);
    }
    put_text("data");
    put(a->in == RF64 ? 0xffffffff : a->lies ? a->data : bytes, 4);
    put_samples(a);
    put(0, bytes % 2);
}

/* Chunks named by 16 bytes; their sizes include those 16 and the 8 of the size itself. */
static void put_w64(const char *name, const unsigned char rest[12], uint64_t size)
{
    put_text(name);
    memcpy(file + used, rest, 12);
    used += 12;
    if (size > 0)
        put(size, 8);
}

static void make_w64(const animal *a)
{
    static const unsigned char riff[] = {0x2e, 0x91, 0xcf, 0x11, 0xa5, 0xd6,
                                         0x28, 0xdb, 0x04, 0xc1, 0x00, 0x00};
    static const unsigned char other[] = {0xf3, 0xac, 0xd3, 0x11, 0x8c, 0xd1,
                                          0x00, 0xc0, 0x4f, 0x8e, 0xdb, 0x8a};
    const uint64_t bytes = (uint64_t)a->frames * a->channels * width(a);
    put_w64("riff", riff, 24 + 16 + 24 + 16 + 24 + bytes);
    put_w64("wave", other, 0);
    put_w64("fmt ", other, 24 + 16);
    put_format(a);
    put_w64("data", other, 24 + bytes);
    put_samples(a);
}

static void make(const animal *a)
{
    used = 0;
    if (a->in == W64)
        make_w64(a);
    else
        make_riff(a);
    assert_true(used <= ROOM);
    write_bytes("mic.wav", file, used);
}

/* ---- Trying them ------------------------------------------------------------------------ */

static signal_ plain; /* the output for the plain file */

static int set_up(void **state)
{
    const animal simple = {"plain", OF(FLOAT, 32), RIGHT};
    outcome result;
    if (enter_folder(state) != 0)
        return -1;
    const signal_ noise = noise_signal(FRAMES, 0.3f, 3);
    write_sound("far.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, noise.samples, FRAMES);
    free(noise.samples);
    make(&simple);
    run(&result, "process mic.wav far.wav -o out.f32 --raw f32le --channels-out 1");
    if (result.code != 0)
        return -1;
    plain = read_signal("out.f32");
    return 0;
}

static int tear_down(void **state)
{
    free(plain.samples);
    return leave_folder(state);
}

static void expect_samples(const animal *a)
{
    const signal_ out = read_signal("out.f32");
    if (out.count != (size_t)a->samples)
        fail_msg("%s: %zu samples, expected %d", a->name, out.count, a->samples);
    if (a->rate == RATE && out.count == FRAMES &&
        memcmp(out.samples, plain.samples, out.count * sizeof *out.samples) != 0)
        fail_msg("%s: other samples than those of the plain file", a->name);
    free(out.samples);
}

static void every_kind(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof zoo / sizeof *zoo; i++) {
        outcome result;
        make(&zoo[i]);
        unlink("out.f32");
        run(&result, "process mic.wav far.wav -o out.f32 --raw f32le --channels-out 1");
        if (result.code != (zoo[i].samples < 0))
            fail_msg("%s: exit code %d; it said: %s", zoo[i].name, result.code, result.messages);
        assert_int_equal(count_hidden(), 0);
        if (result.code == 0) {
            expect_samples(&zoo[i]);
            continue;
        }
        assert_false(exists("out.f32"));
        expect_part(result.messages, "mic.wav: ");
        expect_part(result.messages, zoo[i].error);
    }
}

/* Cut to `size` bytes: the samples that are there, with a warning, or an error. */
static void try_cut(const animal *a, size_t size, size_t header)
{
    outcome result;
    write_bytes("mic.wav", file, size);
    unlink("out.f32");
    run(&result, "process mic.wav far.wav -o out.f32 --raw f32le --channels-out 1");
    assert_int_equal(count_hidden(), 0);
    const size_t there = size > header ? (size - header) / width(a) : 0;
    if (result.code == 1 && there == 0) {
        assert_false(exists("out.f32"));
        expect_part(result.messages, "mic.wav: ");
        return;
    }
    if (result.code != 0)
        fail_msg("%s cut to %zu bytes: exit code %d; it said: %s", a->name, size, result.code,
                 result.messages);
    const signal_ out = read_signal("out.f32");
    if (out.count != there)
        fail_msg("%s cut to %zu bytes: %zu samples, expected %zu", a->name, size, out.count, there);
    free(out.samples);
}

static void cut_anywhere(void **state)
{
    (void)state;
    static const animal kinds[] = {
        {"pcm16", OF(PCM, 16), RIGHT},
        {"extensible_24", OF(EXTENSIBLE, 24), RIGHT},
        {"rf64_float", .in = RF64, OF(FLOAT, 32), RIGHT},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        make(&kinds[i]);
        const size_t header = used - (size_t)FRAMES * width(&kinds[i]);
        for (size_t size = 0; size < used; size += size < header + 8 ? 3 : 397)
            try_cut(&kinds[i], size, header);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind),
        cmocka_unit_test(cut_anywhere),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
