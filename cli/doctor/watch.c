#include "doctor/watch.h"

bool watch_open(struct watch *watch, struct levels *levels, spectrogram *pictures, uint64_t n,
                int rate)
{
    *watch = (struct watch){.meter = {.rate = rate, .levels = levels}};
    if (!pictures)
        return true;
    watch->before = spectrograph_open(&pictures[0], n, rate);
    watch->after = spectrograph_open(&pictures[1], n, rate);
    return watch->before && watch->after;
}

void watch_end(struct watch *watch)
{
    if (watch->before)
        spectrograph_end(watch->before);
    if (watch->after)
        spectrograph_end(watch->after);
}

void watch_close(struct watch *watch)
{
    spectrograph_close(watch->before);
    spectrograph_close(watch->after);
    watch->before = watch->after = NULL;
}

void watch_microphone(struct watch *watch, const float *samples, size_t n)
{
    if (watch->before)
        spectrograph_hear(watch->before, samples, n);
}

bool watch_output(struct watch *watch, const float *samples, size_t n)
{
    if (watch->after)
        spectrograph_hear(watch->after, samples, n);
    return level_meter_hear(&watch->meter, samples, n);
}
