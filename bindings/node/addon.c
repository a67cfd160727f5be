/*
 * The add-on: class Stream, one stream of libunecho. index.js makes of it what programs see; but
 * nothing that a program calls here, with whatever arguments, may crash it. There is no global
 * state, so that every worker thread may load it.
 */
#include "fields.h"
#include "unecho.h"
#include "values.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

typedef struct canceller {
    unecho *stream; /* NULL: closed */
    size_t memory;  /* of the stream, in bytes */
    unsigned channels;
    unsigned far_channels;
    bool queued; /* the far end is pushed */
    bool whole_hops;
} canceller;

/* Tells the objects that hold a canceller from all others. */
static const napi_type_tag stream_tag = {0x8d1f3f5a7c6e4b21, 0xa94be0d2735c1f68};

/* The canceller in `this`, which may be closed, and `count` arguments. */
static canceller *get_this(napi_env env, napi_callback_info info, size_t count,
                           napi_value *arguments)
{
    napi_value this_value;
    if (!succeeded(env, napi_get_cb_info(env, info, &count, arguments, &this_value, NULL)))
        return NULL;
    bool tagged = false;
    void *held = NULL;
    if (napi_check_object_type_tag(env, this_value, &stream_tag, &tagged) != napi_ok || !tagged ||
        napi_unwrap(env, this_value, &held) != napi_ok) {
        fail(env, napi_throw_type_error, "this is not a canceller");
        return NULL;
    }
    return held;
}

static canceller *get_open(napi_env env, napi_callback_info info, size_t count,
                           napi_value *arguments)
{
    canceller *held = get_this(env, info, count, arguments);
    if (held && !held->stream) {
        fail(env, napi_throw_error, "the canceller is closed");
        return NULL;
    }
    return held;
}

/* Whether a setting's field can hold it. */
static bool fits(double number, bool is_signed)
{
    return number >= (is_signed ? -2147483648.0 : 0.0) && number <= 2147483647.0;
}

/* ---- Arrays of settings and statistics --------------------------------------------------- */

#define NAME(field) #field " "
static const char setting_list[] = SETTINGS(NAME);
static const char stat_list[] = STATS(NAME);

#define COUNT(field) +1
enum { SETTING_COUNT = 0 SETTINGS(COUNT), STAT_COUNT = 0 STATS(COUNT) };

static napi_value defaults(napi_env env, napi_callback_info info)
{
    (void)info;
    void *data;
    const napi_value created = create_array(env, napi_float64_array, SETTING_COUNT, &data);
    if (!created)
        return NULL;
    unecho_config config;
    unecho_config_init(&config);
    config.hops_at_once = 1; /* of a live stream */
    double *values = data;
#define GET_SETTING(field) *values++ = (double)config.field;
    SETTINGS(GET_SETTING)
    return created;
}

static bool get_config(napi_env env, napi_value value, unecho_config *config)
{
    array found;
    if (!get_array(env, value, "settings", &found))
        return false;
    if (found.type != napi_float64_array || found.length != SETTING_COUNT)
        return fail(env, napi_throw_type_error, "settings must be a Float64Array of %d",
                    SETTING_COUNT);
    const double *values = found.data;
#define SET(field)                                                                                 \
    if (!fits(*values, (double)(__typeof__(config->field))-1 < 0))                                 \
        return fail(env, napi_throw_range_error, #field " is %g, which is out of range", *values); \
    config->field = (__typeof__(config->field))*values++;
    SETTINGS(SET)
    return true;
}

/* ---- The class --------------------------------------------------------------------------- */

/* Not by malloc: small blocks of objects that are not collected yet would lie between the streams,
 * and the memory of closed ones could neither be given back nor hold the next one. */
static void *allocate(void *user, size_t size)
{
    canceller *held = user;
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    held->memory = size;
    return memory;
}

static void release(void *user, void *memory)
{
    munmap(memory, ((canceller *)user)->memory);
}

/* The garbage collector weighs objects by what they hold. */
static void weigh(napi_env env, int64_t bytes)
{
    int64_t all;
    napi_adjust_external_memory(env, bytes, &all);
}

static void close_stream(napi_env env, canceller *held)
{
    if (held->stream)
        weigh(env, -(int64_t)held->memory);
    unecho_close(&held->stream);
}

static void finalize(napi_env env, void *data, void *hint)
{
    (void)hint;
    close_stream(env, data);
    free(data);
}

static bool open_stream(napi_env env, canceller *held, napi_value settings)
{
    char message[UNECHO_MESSAGE_SIZE];
    unecho_config config;
    unecho_config_init(&config);
    if (!get_config(env, settings, &config))
        return false;
    config.message = message;
    config.message_size = sizeof message;
    config.allocate = allocate;
    config.release = release;
    config.user = held;
    const int status = unecho_open(&held->stream, &config);
    if (status < 0)
        return fail_status(env, status, message);
    weigh(env, (int64_t)held->memory);
    held->channels = config.mic_channels;
    held->far_channels = config.far_channels;
    held->queued = config.far_queue_ms > 0;
    held->whole_hops = config.whole_hops != 0;
    return true;
}

/* new Stream(numbers of settings) */
static napi_value construct(napi_env env, napi_callback_info info)
{
    napi_value target = NULL;
    napi_value this_value;
    napi_value settings;
    size_t count = 1;
    if (!succeeded(env, napi_get_new_target(env, info, &target)) ||
        !succeeded(env, napi_get_cb_info(env, info, &count, &settings, &this_value, NULL)))
        return NULL;
    if (!target) {
        fail(env, napi_throw_type_error, "Stream is a class: call it with new");
        return NULL;
    }
    canceller *held = calloc(1, sizeof *held);
    if (!held) {
        fail_status(env, UNECHO_ERROR_MEMORY, unecho_strerror(UNECHO_ERROR_MEMORY));
        return NULL;
    }
    if (!open_stream(env, held, settings) ||
        !succeeded(env, napi_wrap(env, this_value, held, finalize, NULL, NULL))) {
        finalize(env, held, NULL);
        return NULL;
    }
    return succeeded(env, napi_type_tag_object(env, this_value, &stream_tag)) ? this_value : NULL;
}

static void push(canceller *held, const array *far)
{
    const size_t frames = far->length / held->far_channels;
    if (frames == 0)
        return;
    if (far->type == napi_int16_array)
        unecho_push_far_int16(held->stream, far->data, frames);
    else
        unecho_push_far(held->stream, far->data, frames);
}

/* pushFar(far) */
static napi_value push_far(napi_env env, napi_callback_info info)
{
    napi_value value;
    array far;
    canceller *held = get_open(env, info, 1, &value);
    if (!held)
        return NULL;
    if (!held->queued)
        fail(env, napi_throw_range_error, "pushFar needs the setting farRate or farQueueMs");
    else if (get_samples(env, value, "far", held->far_channels, NULL, &far))
        push(held, &far);
    return NULL;
}

/* Microphone and far end of process; far->data NULL: none. */
static bool get_inputs(napi_env env, const canceller *held, const napi_value values[2], array *mic,
                       array *far)
{
    if (!get_samples(env, values[0], "mic", held->channels, NULL, mic))
        return false;
    const size_t frames = mic->length / held->channels;
    if (held->whole_hops && frames % UNECHO_HOP != 0)
        return fail(env, napi_throw_error, "with wholeHops a chunk is a multiple of %d frames",
                    UNECHO_HOP);
    *far = (array){.data = NULL};
    if (is_absent(env, values[1]))
        return true;
    return get_samples(env, values[1], "far", held->far_channels, held->queued ? NULL : mic, far) &&
           (held->queued || check_length(env, far, "far", frames * held->far_channels));
}

/* The arguments of process. Makes an output if there is none. */
static bool get_signals(napi_env env, const canceller *held, napi_value values[3], array *mic,
                        array *far, array *out)
{
    if (!get_inputs(env, held, values, mic, far))
        return false;
    if (is_absent(env, values[2])) {
        values[2] = create_array(env, mic->type, mic->length, &out->data);
        /* A class of the program's own may have moved the inputs meanwhile. */
        if (!values[2] || !get_inputs(env, held, values, mic, far))
            return false;
    }
    return get_samples(env, values[2], "out", held->channels, mic, out) &&
           check_length(env, out, "out", mic->length) &&
           check_overlap(env, out, mic, "mic", true) &&
           (held->queued ||
            check_overlap(env, out, far, "far", held->channels == held->far_channels));
}

/* check(mic, far, out): what process returns, if it does */
static napi_value check(napi_env env, napi_callback_info info)
{
    napi_value values[3];
    array mic;
    array far;
    array out;
    canceller *held = get_open(env, info, 3, values);
    return held && get_signals(env, held, values, &mic, &far, &out) ? values[2] : NULL;
}

/* process(mic, far, out) */
static napi_value process(napi_env env, napi_callback_info info)
{
    napi_value values[3];
    array mic;
    array far;
    array out;
    canceller *held = get_open(env, info, 3, values);
    if (!held || !get_signals(env, held, values, &mic, &far, &out))
        return NULL;
    if (held->queued) {
        push(held, &far);
        far.data = NULL;
    }
    const size_t frames = mic.length / held->channels;
    int status = UNECHO_OK;
    if (frames > 0 && mic.type == napi_int16_array)
        status = unecho_process_int16(held->stream, mic.data, far.data, out.data, frames);
    else if (frames > 0)
        status = unecho_process(held->stream, mic.data, far.data, out.data, frames);
    if (status < 0) {
        fail_status(env, status, unecho_strerror(status));
        return NULL;
    }
    return values[2];
}

static bool get_frames(napi_env env, napi_value value, uint64_t *frames)
{
    double number = -1;
    const bool is_number = napi_get_value_double(env, value, &number) == napi_ok;
    if (!is_number || number < 0 || number > 9007199254740991.0 || number != floor(number))
        return fail(env, is_number ? napi_throw_range_error : napi_throw_type_error,
                    "notifyGap takes two numbers of frames, 0 or more");
    *frames = (uint64_t)number;
    return true;
}

/* notifyGap(micLost, farLost) */
static napi_value notify_gap(napi_env env, napi_callback_info info)
{
    napi_value values[2];
    uint64_t mic_lost;
    uint64_t far_lost;
    canceller *held = get_open(env, info, 2, values);
    if (held && get_frames(env, values[0], &mic_lost) && get_frames(env, values[1], &far_lost))
        unecho_notify_gap(held->stream, mic_lost, far_lost);
    return NULL;
}

/* The status of a setter, which takes one number. */
typedef int setter(unecho *stream, double number);

static int set_suppression(unecho *stream, double strength)
{
    return unecho_set_suppression(stream, (float)strength);
}

static int set_noise_reduction_db(unecho *stream, double db)
{
    return unecho_set_noise_reduction(stream, (unsigned)db);
}

static int set_comfort_noise(unecho *stream, double on)
{
    return unecho_set_comfort_noise(stream, on != 0);
}

static napi_value set(napi_env env, napi_callback_info info, setter *change)
{
    napi_value value;
    napi_value result = NULL;
    double number;
    canceller *held = get_open(env, info, 1, &value);
    if (!held || !get_number(env, value, &number))
        return NULL;
    const int status = fits(number, false) ? change(held->stream, number) : UNECHO_ERROR_ARGUMENT;
    return succeeded(env, napi_create_int32(env, status, &result)) ? result : NULL;
}

#define SETTER(name)                                                                               \
    static napi_value call_##name(napi_env env, napi_callback_info info)                           \
    {                                                                                              \
        return set(env, info, name);                                                               \
    }
SETTER(set_suppression)
SETTER(set_noise_reduction_db)
SETTER(set_comfort_noise)

/* stats(): their numbers */
static napi_value stats(napi_env env, napi_callback_info info)
{
    void *data;
    canceller *held = get_open(env, info, 0, NULL);
    if (!held)
        return NULL;
    const napi_value created = create_array(env, napi_float64_array, STAT_COUNT, &data);
    if (!created)
        return NULL;
    unecho_stats now = {.size = sizeof now};
    unecho_get_stats(held->stream, &now);
    double *values = data;
#define GET_STAT(field) *values++ = (double)now.field;
    STATS(GET_STAT)
    return created;
}

static napi_value latency(napi_env env, napi_callback_info info)
{
    napi_value result;
    canceller *held = get_open(env, info, 0, NULL);
    if (!held || !succeeded(env, napi_create_int32(env, unecho_latency(held->stream), &result)))
        return NULL;
    return result;
}

static napi_value kernels(napi_env env, napi_callback_info info)
{
    napi_value result;
    canceller *held = get_open(env, info, 0, NULL);
    if (!held || !succeeded(env, napi_create_string_utf8(env, unecho_kernels(held->stream),
                                                         NAPI_AUTO_LENGTH, &result)))
        return NULL;
    return result;
}

static napi_value reset(napi_env env, napi_callback_info info)
{
    canceller *held = get_open(env, info, 0, NULL);
    if (held)
        unecho_reset(held->stream);
    return NULL;
}

static napi_value next_call(napi_env env, napi_callback_info info)
{
    canceller *held = get_open(env, info, 0, NULL);
    if (held)
        unecho_next_call(held->stream);
    return NULL;
}

/* close(), which may be called again */
static napi_value close_now(napi_env env, napi_callback_info info)
{
    canceller *held = get_this(env, info, 0, NULL);
    if (held)
        close_stream(env, held);
    return NULL;
}

/* ---- The module -------------------------------------------------------------------------- */

static bool export_text(napi_env env, napi_value exports, const char *name, const char *text)
{
    napi_value value;
    return succeeded(env, napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value)) &&
           succeeded(env, napi_set_named_property(env, exports, name, value));
}

NAPI_MODULE_INIT()
{
#define METHOD(name, function)                                                                     \
    {                                                                                              \
        name, NULL, function, NULL, NULL, NULL, napi_default, NULL                                 \
    }
    const napi_property_descriptor methods[] = {
        METHOD("check", check),
        METHOD("process", process),
        METHOD("pushFar", push_far),
        METHOD("notifyGap", notify_gap),
        METHOD("set_suppression", call_set_suppression),
        METHOD("set_noise_reduction_db", call_set_noise_reduction_db),
        METHOD("set_comfort_noise", call_set_comfort_noise),
        METHOD("stats", stats),
        METHOD("latency", latency),
        METHOD("kernels", kernels),
        METHOD("reset", reset),
        METHOD("nextCall", next_call),
        METHOD("close", close_now),
    };
    napi_value class;
    napi_value function;
    if (!succeeded(env, napi_define_class(env, "Stream", NAPI_AUTO_LENGTH, construct, NULL,
                                          sizeof methods / sizeof *methods, methods, &class)) ||
        !succeeded(env, napi_set_named_property(env, exports, "Stream", class)) ||
        !succeeded(env, napi_create_function(env, "defaults", NAPI_AUTO_LENGTH, defaults, NULL,
                                             &function)) ||
        !succeeded(env, napi_set_named_property(env, exports, "defaults", function)) ||
        !export_text(env, exports, "settingNames", setting_list) ||
        !export_text(env, exports, "statNames", stat_list))
        return NULL;
    return exports;
}
