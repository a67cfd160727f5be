#include "aec_host.h"
#include "check.h"

#include <spa/support/log.h>
#include <spa/utils/names.h>
#include <spa/utils/string.h>

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARGS_MOST = 8, LOG_MOST = 4096 };

/* ---- Its log ------------------------------------------------------------------------------ */

static char lines[LOG_MOST];

__attribute__((format(printf, 7, 0))) static void
logv(void *object, enum spa_log_level level, const struct spa_log_topic *topic, const char *file,
     int line, const char *function, const char *format, va_list arguments)
{
    const size_t length = strlen(lines);
    (void)object, (void)level, (void)topic, (void)file, (void)line, (void)function;
    vsnprintf(lines + length, sizeof lines - length, format, arguments);
    strncat(lines, "\n", sizeof lines - strlen(lines) - 1);
}

static void logt(void *object, enum spa_log_level level, const struct spa_log_topic *topic,
                 const char *file, int line, const char *function, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    logv(object, level, topic, file, line, function, format, arguments);
    va_end(arguments);
}

static const struct spa_log_methods log_methods = {
    .version = SPA_VERSION_LOG_METHODS, .logt = logt, .logtv = logv};
static struct spa_log host_log = {
    .iface = {SPA_TYPE_INTERFACE_Log, SPA_VERSION_LOG, {&log_methods, NULL}},
    .level = SPA_LOG_LEVEL_WARN,
};
static const struct spa_support support[] = {{SPA_TYPE_INTERFACE_Log, &host_log}};

const char *aec_logged(void)
{
    static char copy[LOG_MOST];
    memcpy(copy, lines, sizeof copy);
    lines[0] = '\0';
    return copy;
}

/* ---- Handles ------------------------------------------------------------------------------ */

static void *library;

static const struct spa_handle_factory *find_factory(void)
{
    const struct spa_handle_factory *factory;
    spa_handle_factory_enum_func_t enumerate;
    if (!library)
        library = dlopen(UNECHO_AEC_PLUGIN, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        fail_msg("%s", dlerror());
    void *const symbol = dlsym(library, SPA_HANDLE_FACTORY_ENUM_FUNC_NAME);
    assert_non_null(symbol);
    memcpy(&enumerate, &symbol, sizeof enumerate);
    for (uint32_t index = 0; enumerate(&factory, &index) > 0;)
        if (spa_streq(factory->name, SPA_NAME_AEC))
            return factory;
    fail_msg("no factory " SPA_NAME_AEC);
    return NULL;
}

void aec_open(aec_host *host)
{
    const struct spa_handle_factory *const factory = find_factory();
    const struct spa_interface_info *info = NULL;
    uint32_t index = 0;
    void *interface = NULL;
    assert_int_equal(spa_handle_factory_enum_interface_info(factory, &info, &index), 1);
    assert_string_equal(info->type, SPA_TYPE_INTERFACE_AUDIO_AEC);
    assert_int_equal(spa_handle_factory_enum_interface_info(factory, &info, &index), 0);

    *host = (aec_host){.handle = malloc(spa_handle_factory_get_size(factory, NULL))};
    assert_non_null(host->handle);
    assert_int_equal(spa_handle_factory_init(factory, host->handle, NULL, support, 1), 0);
    assert_true(spa_handle_get_interface(host->handle, "other", &interface) < 0);
    assert_int_equal(
        spa_handle_get_interface(host->handle, SPA_TYPE_INTERFACE_AUDIO_AEC, &interface), 0);
    host->aec = interface;
}

void aec_close(aec_host *host)
{
    assert_int_equal(spa_handle_clear(host->handle), 0);
    free(host->handle);
    host->handle = NULL;
}

void aec_unload(void)
{
    if (library)
        dlclose(library);
    library = NULL;
}

/* ---- Methods ------------------------------------------------------------------------------ */

/* As since version 3; headers may be older. */
struct methods {
    struct spa_audio_aec_methods older;
#if SPA_VERSION_AUDIO_AEC_METHODS < 3
    int (*init2)(void *, const struct spa_dict *, struct spa_audio_info_raw *,
                 struct spa_audio_info_raw *, struct spa_audio_info_raw *);
#endif
};

static const struct methods *methods_of(const aec_host *host)
{
    const struct methods *const methods = host->aec->iface.cb.funcs;
    assert_true(methods->older.version >= 3);
    return methods;
}

static struct spa_dict to_dict(const char *const *args, struct spa_dict_item *items)
{
    uint32_t count = 0;
    for (; args && args[2 * count]; count++) {
        assert_true(count < ARGS_MOST);
        items[count] = SPA_DICT_ITEM_INIT(args[2 * count], args[2 * count + 1]);
    }
    return SPA_DICT_INIT(items, count);
}

static struct spa_audio_info_raw format(uint32_t rate, unsigned channels)
{
    return SPA_AUDIO_INFO_RAW_INIT(.format = SPA_AUDIO_FORMAT_F32P, .rate = rate,
                                   .channels = channels);
}

int aec_init(aec_host *host, const char *const *args, uint32_t rate, unsigned channels)
{
    struct spa_dict_item items[ARGS_MOST];
    const struct spa_dict dict = to_dict(args, items);
    const struct spa_audio_info_raw info = format(rate, channels);
    host->mics = host->outs = host->fars = channels;
    return methods_of(host)->older.init(host->aec->iface.cb.data, &dict, &info);
}

int aec_init2(aec_host *host, const char *const *args, uint32_t rate, unsigned mics, unsigned outs,
              unsigned fars)
{
    struct spa_dict_item items[ARGS_MOST];
    const struct spa_dict dict = to_dict(args, items);
    struct spa_audio_info_raw mic = format(rate, mics), out = format(rate, outs),
                              far = format(rate, fars);
#if SPA_VERSION_AUDIO_AEC_METHODS < 3
    const int status = methods_of(host)->init2(host->aec->iface.cb.data, &dict, &mic, &out, &far);
#else
    const int status =
        methods_of(host)->older.init2(host->aec->iface.cb.data, &dict, &mic, &out, &far);
#endif
    host->mics = mic.channels;
    host->outs = out.channels;
    host->fars = far.channels;
    return status;
}

void aec_run(const aec_host *host, float *const *mic, float *const *far, float *const *out,
             size_t n, size_t frames)
{
    const float *mics[SPA_AUDIO_MAX_CHANNELS], *fars[SPA_AUDIO_MAX_CHANNELS];
    float *outs[SPA_AUDIO_MAX_CHANNELS];
    for (size_t done = 0, block; done < n; done += block) {
        block = n - done < frames ? n - done : frames;
        for (unsigned i = 0; i < host->mics; i++)
            mics[i] = mic[i] + done;
        for (unsigned i = 0; i < host->fars; i++)
            fars[i] = far[i] + done;
        for (unsigned i = 0; i < host->outs; i++)
            outs[i] = out[i] + done;
        assert_int_equal(methods_of(host)->older.run(host->aec->iface.cb.data, mics, fars, outs,
                                                     (uint32_t)block),
                         0);
    }
}
