/* A stream's statistics, and what it runs on. */
#include "stream.h"

#include "kernels/kernels.h"
#include "sized.h"

enum { STATS_LEAST = offsetof(unecho_stats, frames) + sizeof(uint64_t) };

int unecho_get_stats(const unecho *stream, unecho_stats *stats)
{
    if (!stream || !stats || !sized_possible(stats->size, STATS_LEAST, sizeof *stats))
        return UNECHO_ERROR_ARGUMENT;
    const levels *const l = &stream->canceller.levels;
    const far_end *const f = &stream->far_end;
    const kalman_stats filter = canceller_linear(&stream->canceller);
    const aligner_view seen = aligner_seen(&stream->aligner);
    const uint64_t heard = l->hops * UNECHO_HOP;
    const double hop_seconds = (double)UNECHO_HOP / UNECHO_SAMPLE_RATE;
    const double lag = seen.aligned ? seen.lag + stream_slip(stream) : 0.0;
    const unecho_stats all = {
        .frames = stream->frames,
        .guarded_samples = stream->mic_seen.guarded + stream->far_seen.guarded,
        .peak = l->peak,
        .mic_db = levels_db(l->all.mic, heard),
        .far_db = levels_db(l->all.far, heard),
        .out_db = levels_db(l->all.out, heard),
        .erle_db = levels_erle_db(l->all.active_mic, l->all.active_out, l->active_hops),
        .far_active_seconds = (float)((double)l->active_hops * hop_seconds),
        .mic_clipped_samples = stream->mic_seen.clipped,
        .far_clipped_samples = stream->far_seen.clipped,
        .far_missing_frames = f->missing * f->plan.rate / UNECHO_SAMPLE_RATE,
        .far_dropped_frames = f->dropped_frames,
        .realignments = seen.realignments,
        .aligned = seen.aligned,
        .confidence = seen.confidence,
        .delay_ms = (float)(lag * 1000.0 / UNECHO_SAMPLE_RATE),
        .drift_ppm = (float)(seen.drift * 1e6),
        .far_silent_seconds = (float)((double)stream->canceller.bypass.hops * hop_seconds),
        .linear_erle_db = levels_erle_db(filter.active_mic_energy, filter.active_error_energy,
                                         filter.active_hops),
        .linear_diverged = (uint32_t)filter.diverged,
        .limited_hops = stream->canceller.limiter.hops,
        .failed_hops = stream->canceller.failed_hops,
        .mic_now_db = levels_db(l->now.mic, UNECHO_HOP),
        .far_now_db = levels_db(l->now.far, UNECHO_HOP),
        .out_now_db = levels_db(l->now.out, UNECHO_HOP),
        .erle_now_db = levels_erle_db(l->now.active_mic, l->now.active_out, 1),
        .near_end_active = stream->canceller.near_end,
        .near_end_seconds = (float)((double)stream->canceller.near_end_hops * hop_seconds),
    };
    sized_write(stats, stats->size, &all, sizeof all);
    return UNECHO_OK;
}

const char *unecho_kernels(const unecho *stream)
{
    return stream ? stream->canceller.suppressor->kernels : "";
}

uint32_t unecho_cpu_features(void)
{
    return kernels_cpu();
}
