#include "bypass.h"

#include <string.h>

enum {
    /* How long the far end must be silent: an echo may arrive until then. */
    SILENT_HOPS = 125,
    /* Samples in which the suppressor fades in: done before the first echo can arrive. */
    FADE = 32,
};
/* Fading in the microphone is not urgent. */
static const float share_per_hop = 1.0f / 16.0f;

void bypass_start(bypass *b, size_t lag)
{
    b->lag = lag;
}

void bypass_enable(bypass *b, int enabled)
{
    b->enabled = enabled;
    if (b->fresh)
        bypass_reset(b);
}

void bypass_reset(bypass *b)
{
    b->fresh = 1;
    b->silent = SILENT_HOPS;
    b->quiet = b->enabled ? UINT32_MAX : 0;
    b->share = b->enabled ? 1.0f : 0.0f;
    b->hops = 0;
}

static int is_silent(const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (x[i] != 0.0f)
            return 0;
    return 1;
}

bypass_hop bypass_next(bypass *b, const float *far, size_t n)
{
    b->fresh = 0;
    if (!is_silent(far, n))
        b->silent = 0;
    else if (b->silent < SILENT_HOPS)
        b->silent++;
    b->quiet = b->quiet << 1 | (b->enabled && b->silent == SILENT_HOPS);

    bypass_hop hop = {.from = b->share};
    if (b->quiet >> b->lag & 1)
        hop.to = b->share + share_per_hop < 1.0f ? b->share + share_per_hop : 1.0f;
    b->share = hop.to;
    const int alone = hop.from >= 1.0f && hop.to >= 1.0f;
    b->hops += (uint64_t)alone;
    /* Overlap-add: this output contains blocks of the last lag + 1 hops. */
    const uint32_t reach = (UINT32_C(1) << (b->lag + 1)) - 1;
    hop.suppress = !alone || (b->quiet & reach) != reach;
    return hop;
}

void bypass_mix(const bypass_hop *h, float *out, const float *mic, size_t n)
{
    if (h->from >= 1.0f && h->to >= 1.0f) {
        memcpy(out, mic, n * sizeof *out);
        return;
    }
    if (h->from <= 0.0f && h->to <= 0.0f)
        return;
    const size_t length = h->to < h->from ? FADE : n;
    const float step = (h->to - h->from) / (float)length;
    for (size_t i = 0; i < n; i++) {
        const float share = i < length ? h->from + step * (float)i : h->to;
        out[i] += share * (mic[i] - out[i]);
    }
}
