#include "signals.h"

#include "check.h"

#include <math.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint32_t random_bits(uint32_t *state)
{
    uint32_t x = *state;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *state = x;
}

float random_float(uint32_t *state)
{
    return (float)(int32_t)random_bits(state) * 0x1p-31f;
}

signal_ new_signal(size_t count)
{
    signal_ s = {calloc(count + 1, sizeof(float)), count};
    assert_non_null(s.samples);
    return s;
}

signal_ noise_signal(size_t count, float amplitude, uint32_t seed)
{
    signal_ s = {malloc((count + 1) * sizeof(float)), count};
    float low = 0.0f;
    for (size_t i = 0; i < count; i++) {
        const float rhythm = 0.5f + 0.5f * sinf((float)i * 0.0015f + (float)(seed % 7));
        low = 0.7f * low + 0.3f * random_float(&seed);
        s.samples[i] = 2.0f * amplitude * rhythm * rhythm * low;
    }
    return s;
}

const char *reference_folder(void)
{
    const char *const folder = getenv("UNECHO_REFERENCE");
    return folder && *folder ? folder : NULL;
}

void need_reference(void)
{
    if (!reference_folder()) {
        print_message("skipped: UNECHO_REFERENCE does not say where the reference data is\n");
        skip();
    }
}

const char *reference_path(const char *format, ...)
{
    static char buffers[4][1024];
    static unsigned next;
    char *const path = buffers[next++ % 4];
    char relative[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(relative, sizeof relative, format, arguments);
    va_end(arguments);
    snprintf(path, sizeof buffers[0], "%s/%s", reference_folder(), relative);
    return path;
}

static signal_ read_floats(const char *path)
{
    FILE *const file = fopen(path, "rb");
    if (!file)
        fail_msg("%s cannot be opened", path);
    fseek(file, 0, SEEK_END);
    const size_t count = (size_t)ftell(file) / sizeof(float);
    rewind(file);
    signal_ s = {malloc((count + 1) * sizeof(float)), count};
    assert_int_equal(fread(s.samples, sizeof(float), count, file), count);
    fclose(file);
    return s;
}

signal_ read_signal(const char *path)
{
    const char *const dot = strrchr(path, '.');
    if (dot && strcmp(dot, ".f32") == 0)
        return read_floats(path);
    SF_INFO info = {0};
    SNDFILE *const file = sf_open(path, SFM_READ, &info);
    if (!file)
        fail_msg("%s: %s", path, sf_strerror(NULL));
    assert_int_equal(info.channels, 1);
    signal_ s = {malloc(((size_t)info.frames + 1) * sizeof(float)), (size_t)info.frames};
    assert_int_equal(sf_readf_float(file, s.samples, info.frames), info.frames);
    sf_close(file);
    return s;
}

signal_ read_sample(const char *name)
{
    char path[1024];
    snprintf(path, sizeof path, UNECHO_SAMPLES_DIR "/meeting_%s.flac", name);
    return read_signal(path);
}

ends double_talk(size_t count)
{
    enum { FROM = 17 * 16000 };
    ends e = {read_sample("mic"), read_sample("far"), malloc(count * sizeof(float))};
    assert_true(FROM + count <= e.mic.count && FROM + count <= e.far.count);
    memmove(e.mic.samples, e.mic.samples + FROM, count * sizeof(float));
    memmove(e.far.samples, e.far.samples + FROM, count * sizeof(float));
    e.mic.count = e.far.count = count;
    return e;
}

void free_ends(ends *e)
{
    free(e->mic.samples);
    free(e->far.samples);
    free(e->out);
}

void read_recording(const char *name, signal_ *mic, signal_ *far)
{
    const char *const kind = strcmp(name, "loud") == 0 ? "f32" : "wav";
    *mic = read_signal(reference_path("recordings/%s_mic.%s", name, kind));
    *far = read_signal(reference_path("recordings/%s_lpb.%s", name, kind));
    const size_t shorter = mic->count < far->count ? mic->count : far->count;
    mic->count = far->count = shorter;
}

unecho_config reference_config(void)
{
    unecho_config config;
    unecho_config_init(&config);
    config.align = UNECHO_ALIGN_OFF;
    config.engine = UNECHO_ENGINE_NEURAL;
    return config;
}

float max_difference(const float *a, const float *b, size_t n)
{
    float most = 0.0f;
    for (size_t i = 0; i < n; i++) {
        const float d = fabsf(a[i] - b[i]);
        most = d <= most ? most : d; /* NaN counts */
    }
    return most;
}

double snr_db(const float *a, const float *b, size_t n)
{
    double signal = 0.0, error = 0.0;
    for (size_t i = 0; i < n; i++) {
        const double d = (double)a[i] - (double)b[i];
        signal += (double)b[i] * (double)b[i];
        error += d * d;
    }
    return 10.0 * log10(signal / error);
}

double power_db(const float *x, size_t n)
{
    double power = 0.0;
    for (size_t i = 0; i < n; i++)
        power += (double)x[i] * (double)x[i];
    return 10.0 * log10(power / (double)n);
}

double si_sdr_db(const float *x, const float *near, size_t n)
{
    double product = 0.0, energy = 0.0, rest = 0.0;
    for (size_t i = 0; i < n; i++) {
        product += (double)x[i] * (double)near[i];
        energy += (double)near[i] * (double)near[i];
    }
    const double scale = product / energy;
    for (size_t i = 0; i < n; i++) {
        const double d = (double)x[i] - scale * (double)near[i];
        rest += d * d;
    }
    return 10.0 * log10(scale * scale * energy / rest);
}
