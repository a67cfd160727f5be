/* Whole signals: the reference implementation's batch mode, with the latency taken out. */
#include "samples.h"
#include "stream.h"

#include <math.h>
#include <string.h>

/* Silence before the signal, as in the reference. */
enum { LEAD = CANCELLER_HISTORY };

/* to[0..n) = `from` at positions first - LEAD onwards, silence before its start and after its end.
 */
static size_t read_padded(float *to, const float *from, size_t length, size_t first, size_t n)
{
    const size_t lead = first < LEAD ? (LEAD - first < n ? LEAD - first : n) : 0;
    const size_t at = first + lead - LEAD; /* where in `from` the rest begins */
    const size_t left = lead < n && at < length ? length - at : 0;
    const size_t present = left < n - lead ? left : n - lead;

    memset(to, 0, n * sizeof *to);
    return samples_read(to + lead, from, SAMPLES_FLOAT, present > 0 ? at : 0, present);
}

static void normalize_peak(float *x, size_t n)
{
    float peak = 0.0f;
    for (size_t i = 0; i < n; i++)
        peak = fabsf(x[i]) > peak ? fabsf(x[i]) : peak;
    if (peak <= 1.0f)
        return;
    for (size_t i = 0; i < n; i++)
        x[i] *= 0.99f / peak;
}

int unecho_process_whole(unecho *s, const float *mic, size_t mic_n, const float *far, size_t far_n,
                         float *out, unsigned options)
{
    if (!s || (mic_n > 0 && (!mic || !out)) || (far_n > 0 && !far) ||
        (options & ~(UNECHO_KEEP_LATENCY | UNECHO_NORMALIZE_PEAK)))
        return UNECHO_ERROR_ARGUMENT;
    const size_t lag = LEAD + (options & UNECHO_KEEP_LATENCY ? 0 : CANCELLER_HISTORY);
    if (mic_n > SIZE_MAX / sizeof(float) - lag - UNECHO_HOP)
        return UNECHO_ERROR_ARGUMENT;
    far_n = far_n < mic_n ? far_n : mic_n;

    unecho_reset(s);
    canceller *const c = &s->canceller;
    const size_t end = mic_n > 0 ? lag + mic_n : 0;
    for (size_t first = 0; first < end;) {
        const size_t hops_left = (end - first + UNECHO_HOP - 1) / UNECHO_HOP;
        const size_t hops = hops_left < c->io.hops_at_once ? hops_left : c->io.hops_at_once;
        const size_t n = hops * UNECHO_HOP;
        s->guarded_samples += read_padded(canceller_mic(c), mic, mic_n, first, n);
        s->guarded_samples += read_padded(canceller_far(c), far, far_n, first, n);
        const int status = canceller_run(c, s->ready, hops);
        if (status < 0) {
            unecho_reset(s);
            memset(out, 0, mic_n * sizeof *out);
            return status;
        }

        const size_t skip = first < lag ? (lag - first < n ? lag - first : n) : 0;
        const size_t wanted = end - first < n ? end - first : n;
        if (wanted > skip)
            memcpy(out + (first + skip - lag), s->ready + skip, (wanted - skip) * sizeof *out);
        first += n;
    }
    s->samples = mic_n;
    memset(s->ready, 0, s->ready_count * sizeof *s->ready);
    if (options & UNECHO_NORMALIZE_PEAK)
        normalize_peak(out, mic_n);
    return UNECHO_OK;
}
