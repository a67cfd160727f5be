#include "ladspa_host.h"
#include "check.h"

#include <dlfcn.h>
#include <string.h>

static void *library;

void *load_function(const char *name)
{
    if (!library)
        library = dlopen(UNECHO_LADSPA_PLUGIN, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        fail_msg("%s", dlerror());
    void *const symbol = dlsym(library, name);
    assert_non_null(symbol);
    return symbol;
}

const LADSPA_Descriptor *load_plugin(const char *label)
{
    void *const symbol = load_function("ladspa_descriptor");
    LADSPA_Descriptor_Function descriptor_of;
    memcpy(&descriptor_of, &symbol, sizeof descriptor_of);
    const LADSPA_Descriptor *descriptor;
    for (unsigned long i = 0; (descriptor = descriptor_of(i)) != NULL; i++)
        if (strcmp(descriptor->Label, label) == 0)
            return descriptor;
    fail_msg("no plugin %s", label);
    return NULL;
}

void unload_plugins(void)
{
    if (library)
        dlclose(library);
    library = NULL;
}

float default_of(const LADSPA_Descriptor *descriptor, unsigned long port)
{
    const LADSPA_PortRangeHint *const hint = &descriptor->PortRangeHints[port];
    const float low = hint->LowerBound, high = hint->UpperBound;
    switch (hint->HintDescriptor & LADSPA_HINT_DEFAULT_MASK) {
    case LADSPA_HINT_DEFAULT_0:
        return 0.0f;
    case LADSPA_HINT_DEFAULT_1:
        return 1.0f;
    case LADSPA_HINT_DEFAULT_MINIMUM:
        return low;
    case LADSPA_HINT_DEFAULT_MIDDLE:
        return 0.5f * (low + high);
    case LADSPA_HINT_DEFAULT_MAXIMUM:
        return high;
    default:
        fail_msg("%s: no default", descriptor->PortNames[port]);
        return 0.0f;
    }
}

void instantiate(instance *i, const char *label, unsigned long rate)
{
    const LADSPA_Descriptor *const descriptor = load_plugin(label);
    *i = (instance){
        .descriptor = descriptor,
        .handle = descriptor->instantiate(descriptor, rate),
        .channels = (unsigned)(descriptor->PortCount - CONTROLS) / SIGNALS,
    };
    for (unsigned long c = 0; i->handle && c < CONTROLS; c++) {
        const unsigned long port = SIGNALS * i->channels + c;
        i->controls[c] = default_of(descriptor, port);
        descriptor->connect_port(i->handle, port, &i->controls[c]);
    }
}

void cleanup(instance *i)
{
    i->descriptor->cleanup(i->handle);
    i->handle = NULL;
}

static void connect_signal(instance *i, int signal, float *const *buffers, size_t at)
{
    for (unsigned long c = 0; c < i->channels; c++)
        i->descriptor->connect_port(i->handle, (unsigned long)signal * i->channels + c,
                                    buffers[c] ? buffers[c] + at : NULL);
}

void run(instance *i, float *const *mic, float *const *far, float *const *out, size_t n)
{
    static const size_t blocks[] = {1, 480, 37, 1024, 333, 0, 4099, 7};
    size_t turn = 0;
    for (size_t done = 0, block; done < n; done += block) {
        const size_t wanted = blocks[turn++ % (sizeof blocks / sizeof *blocks)];
        block = n - done < wanted ? n - done : wanted;
        connect_signal(i, MIC, mic, done);
        connect_signal(i, FAR, far, done);
        connect_signal(i, OUT, out, done);
        i->descriptor->run(i->handle, block);
    }
}
