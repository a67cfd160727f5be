/*
 * What JavaScript sees of unecho_config and unecho_stats. The values cross the border as arrays of
 * doubles in this order, so that JavaScript need not know how structs are laid out; settings.js
 * makes its names of these.
 */
#ifndef UNECHO_WEB_FIELDS_H
#define UNECHO_WEB_FIELDS_H

#define SETTINGS(_)                                                                                \
    _(engine)                                                                                      \
    _(sample_rate)                                                                                 \
    _(far_rate)                                                                                    \
    _(far_queue_ms)                                                                                \
    _(mic_channels)                                                                                \
    _(mic_channel)                                                                                 \
    _(far_channels)                                                                                \
    _(align)                                                                                       \
    _(delay_ms)                                                                                    \
    _(reference_late_ms)                                                                           \
    _(whole_hops)                                                                                  \
    _(hops_at_once)                                                                                \
    _(precision)                                                                                   \
    _(linear_tail_ms)                                                                              \
    _(suppression)                                                                                 \
    _(noise_reduction_db)                                                                          \
    _(comfort_noise)                                                                               \
    _(high_band)

#define STATS(_)                                                                                   \
    _(frames)                                                                                      \
    _(mic_db)                                                                                      \
    _(far_db)                                                                                      \
    _(out_db)                                                                                      \
    _(peak)                                                                                        \
    _(erle_db)                                                                                     \
    _(linear_erle_db)                                                                              \
    _(far_active_seconds)                                                                          \
    _(far_silent_seconds)                                                                          \
    _(aligned)                                                                                     \
    _(confidence)                                                                                  \
    _(delay_ms)                                                                                    \
    _(drift_ppm)                                                                                   \
    _(realignments)                                                                                \
    _(linear_diverged)                                                                             \
    _(guarded_samples)                                                                             \
    _(mic_clipped_samples)                                                                         \
    _(far_clipped_samples)                                                                         \
    _(far_missing_frames)                                                                          \
    _(far_dropped_frames)                                                                          \
    _(limited_hops)                                                                                \
    _(failed_hops)                                                                                 \
    _(mic_now_db)                                                                                  \
    _(far_now_db)                                                                                  \
    _(out_now_db)                                                                                  \
    _(erle_now_db)                                                                                 \
    _(near_end_active)                                                                             \
    _(near_end_seconds)

#endif
