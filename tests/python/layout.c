/* Prints what the Python package has to know of the header: "struct field offset size" in each
 * line, "struct size" at the end of each, and the numbers of its constants. */
#include <stdio.h>
#include <unecho.h>
#include <unecho_model.h>

#define FIELD(type, name)                                                                          \
    printf(#type " " #name " %zu %zu\n", offsetof(type, name), sizeof(((type *)0)->name))
#define SIZE(type)     printf(#type " %zu\n", sizeof(type))
#define CONSTANT(name) printf(#name " %d\n", (int)(name))

int main(void)
{
    FIELD(unecho_config, size);
    FIELD(unecho_config, message);
    FIELD(unecho_config, message_size);
    FIELD(unecho_config, engine);
    FIELD(unecho_config, model);
    FIELD(unecho_config, sample_rate);
    FIELD(unecho_config, far_rate);
    FIELD(unecho_config, far_queue_ms);
    FIELD(unecho_config, mic_channels);
    FIELD(unecho_config, mic_channel);
    FIELD(unecho_config, far_channels);
    FIELD(unecho_config, align);
    FIELD(unecho_config, delay_ms);
    FIELD(unecho_config, reference_late_ms);
    FIELD(unecho_config, whole_hops);
    FIELD(unecho_config, hops_at_once);
    FIELD(unecho_config, precision);
    FIELD(unecho_config, backend);
    FIELD(unecho_config, linear_tail_ms);
    FIELD(unecho_config, suppression);
    FIELD(unecho_config, noise_reduction_db);
    FIELD(unecho_config, comfort_noise);
    FIELD(unecho_config, high_band);
    FIELD(unecho_config, record_capacity);
    FIELD(unecho_config, allocate);
    FIELD(unecho_config, release);
    FIELD(unecho_config, user);
    FIELD(unecho_config, onnxruntime);
    FIELD(unecho_config, cpu);
    FIELD(unecho_config, cell_limit);
    SIZE(unecho_config);
    FIELD(unecho_stats, size);
    FIELD(unecho_stats, frames);
    FIELD(unecho_stats, mic_db);
    FIELD(unecho_stats, far_db);
    FIELD(unecho_stats, out_db);
    FIELD(unecho_stats, peak);
    FIELD(unecho_stats, erle_db);
    FIELD(unecho_stats, linear_erle_db);
    FIELD(unecho_stats, far_active_seconds);
    FIELD(unecho_stats, far_silent_seconds);
    FIELD(unecho_stats, aligned);
    FIELD(unecho_stats, confidence);
    FIELD(unecho_stats, delay_ms);
    FIELD(unecho_stats, drift_ppm);
    FIELD(unecho_stats, realignments);
    FIELD(unecho_stats, linear_diverged);
    FIELD(unecho_stats, guarded_samples);
    FIELD(unecho_stats, mic_clipped_samples);
    FIELD(unecho_stats, far_clipped_samples);
    FIELD(unecho_stats, far_missing_frames);
    FIELD(unecho_stats, far_dropped_frames);
    FIELD(unecho_stats, limited_hops);
    FIELD(unecho_stats, failed_hops);
    FIELD(unecho_stats, mic_now_db);
    FIELD(unecho_stats, far_now_db);
    FIELD(unecho_stats, out_now_db);
    FIELD(unecho_stats, erle_now_db);
    FIELD(unecho_stats, near_end_active);
    FIELD(unecho_stats, near_end_seconds);
    SIZE(unecho_stats);
    CONSTANT(UNECHO_MESSAGE_SIZE);
    CONSTANT(UNECHO_HOP);
    CONSTANT(UNECHO_CHANNELS_MAX);
    CONSTANT(UNECHO_ERROR_ARGUMENT);
    CONSTANT(UNECHO_ERROR_MEMORY);
    CONSTANT(UNECHO_ERROR_SAMPLE_RATE);
    CONSTANT(UNECHO_ERROR_CHUNK);
    CONSTANT(UNECHO_ENGINE_NEURAL);
    CONSTANT(UNECHO_ENGINE_LINEAR);
    CONSTANT(UNECHO_ENGINE_LINEAR_NEURAL);
    CONSTANT(UNECHO_ALIGN_AUTO);
    CONSTANT(UNECHO_ALIGN_FIXED);
    CONSTANT(UNECHO_ALIGN_OFF);
    CONSTANT(UNECHO_PRECISION_FP32);
    CONSTANT(UNECHO_PRECISION_BF16);
    CONSTANT(UNECHO_PRECISION_INT8);
    CONSTANT(UNECHO_PRECISION_AUTO);
    CONSTANT(UNECHO_BACKEND_NATIVE);
    CONSTANT(UNECHO_BACKEND_ONNXRUNTIME);
    CONSTANT(UNECHO_CHANNEL_MEAN);
    CONSTANT(UNECHO_MODEL_DTLN_AEC);
    CONSTANT(UNECHO_MODEL_POSTFILTER);
    return 0;
}
