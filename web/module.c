/*
 * The exports of the WebAssembly module: one stream. Settings and statistics cross the border as
 * arrays of doubles with the names below, so that JavaScript need not know how structs are laid
 * out.
 */
#include "export.h"
#include "fields.h"
#include "unecho_model.h"

#include <stdlib.h>

#define NAME(field) #field " "
static const char setting_list[] = SETTINGS(NAME);
static const char stat_list[] = STATS(NAME);

static unecho *stream;
static char text[UNECHO_MESSAGE_SIZE];

/* Space-separated, in the order of the values. */
EXPORT(const char *, setting_names, void)
{
    return setting_list;
}

EXPORT(const char *, stat_names, void)
{
    return stat_list;
}

/* Why `open` failed. */
EXPORT(const char *, message, void)
{
    return text;
}

EXPORT(const char *, version, void)
{
    return unecho_version();
}

/* For the life of the module. NULL: out of memory. */
EXPORT(void *, allocate, size_t size)
{
    return malloc(size);
}

EXPORT(void, defaults, double *values)
{
    unecho_config config;
    unecho_config_init(&config);
    config.hops_at_once = 1; /* of a live stream */
    /* Products are rounded before they are added here (scalar.h), and in int8 the last bit of a sum
     * decides now and then to what it is rounded: the output would be nearly as far from the native
     * one's as int8 is from fp32. */
    config.precision = UNECHO_PRECISION_FP32;
#define GET(field) *values++ = (double)config.field;
    SETTINGS(GET)
}

/* The values have been checked: each is an integer that its field can hold, or delay_ms. */
EXPORT(int, open, const double *values, void *model_bytes, size_t model_size)
{
    unecho_config config;
    unecho_config_init(&config);
    config.message = text;
    config.message_size = sizeof text;
#define SET(field) config.field = (__typeof__(config.field))*values++;
    SETTINGS(SET)
    const int status = unecho_model_load_memory(&config.model, model_bytes, model_size, NULL, 0,
                                                text, sizeof text);
    free(model_bytes);
    if (status < 0)
        return status;
    const int opened = unecho_open(&stream, &config);
    unecho_model_unref(&config.model);
    return opened;
}

EXPORT(int, process, const float *mic, const float *far, float *out, size_t n)
{
    return unecho_process(stream, mic, far, out, n);
}

EXPORT(int, process_int16, const int16_t *mic, const int16_t *far, int16_t *out, size_t n)
{
    return unecho_process_int16(stream, mic, far, out, n);
}

EXPORT(int, push_far, const float *far, size_t n)
{
    return unecho_push_far(stream, far, n);
}

EXPORT(int, push_far_int16, const int16_t *far, size_t n)
{
    return unecho_push_far_int16(stream, far, n);
}

EXPORT(int, notify_gap, double mic_lost, double far_lost)
{
    return unecho_notify_gap(stream, (uint64_t)mic_lost, (uint64_t)far_lost);
}

EXPORT(int, set_suppression, float strength)
{
    return unecho_set_suppression(stream, strength);
}

EXPORT(int, set_noise_reduction_db, unsigned db)
{
    return unecho_set_noise_reduction(stream, db);
}

EXPORT(int, set_comfort_noise, int on)
{
    return unecho_set_comfort_noise(stream, on);
}

EXPORT(int, latency, void)
{
    return unecho_latency(stream);
}

EXPORT(int, reset, void)
{
    return unecho_reset(stream);
}

EXPORT(int, next_call, void)
{
    return unecho_next_call(stream);
}

EXPORT(void, stats, double *values)
{
    unecho_stats now = {.size = sizeof now};
    unecho_get_stats(stream, &now);
#undef GET
#define GET(field) *values++ = (double)now.field;
    STATS(GET)
}

EXPORT(const char *, kernels, void)
{
    return unecho_kernels(stream);
}
