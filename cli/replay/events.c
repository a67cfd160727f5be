#include "replay/events.h"

#include <inttypes.h>
#include <math.h>

static void print_ends(const unecho_config *c)
{
    const int far_rate = c->far_rate ? c->far_rate : c->sample_rate;
    printf("  microphone %d Hz, %u channel%s", c->sample_rate, c->mic_channels,
           c->mic_channels == 1 ? "" : "s");
    if (c->mic_channels > 1 && c->mic_channel == UNECHO_CHANNEL_MEAN)
        printf(", their mean");
    else if (c->mic_channels > 1)
        printf(", number %d of them", c->mic_channel + 1);
    printf("%s\n  far end    %d Hz, %u channel%s", c->whole_hops ? ", whole hops promised" : "",
           far_rate, c->far_channels, c->far_channels == 1 ? "" : "s");
    if (c->far_queue_ms)
        printf(", pushed, queue of %u ms", c->far_queue_ms);
    if (c->reference_late_ms)
        printf(", up to %u ms late", c->reference_late_ms);
    if (c->align == UNECHO_ALIGN_FIXED)
        printf("; delay fixed at %g ms\n", c->delay_ms);
    else
        printf("; delay %s\n", c->align == UNECHO_ALIGN_AUTO ? "found and followed" : "taken as 0");
}

static void print_engine(const record_reader *from)
{
    static const char *const precisions[] = {"fp32", "bf16", "int8", "auto"};
    const unecho_config *c = &from->config;
    printf("  engine     ");
    if (c->engine != UNECHO_ENGINE_NEURAL)
        printf("linear filter of %u ms%s", c->linear_tail_ms,
               c->engine == UNECHO_ENGINE_LINEAR ? "\n" : ", ");
    if (c->engine == UNECHO_ENGINE_LINEAR)
        return;
    printf("network %s (%u units, hash %016" PRIx64 ")", from->model.name, from->model.units,
           from->model.hash);
    if (c->backend == UNECHO_BACKEND_ONNXRUNTIME)
        printf(" on ONNX Runtime");
    else
        printf(" in %s", (unsigned)c->precision < 4 ? precisions[c->precision] : "?");
    if (c->cell_limit > 0.0f)
        printf(", cells limited to %g", (double)c->cell_limit);
    printf("; suppression %g, noise reduction %u dB%s; %u hops at once\n", (double)c->suppression,
           c->noise_reduction_db, c->comfort_noise ? ", comfort noise" : "", c->hops_at_once);
}

void events_print_header(const record_reader *from)
{
    printf("recorded by unecho %s, kernels %s\n", from->version, from->kernels);
    print_ends(&from->config);
    print_engine(from);
    if (!from->config.high_band && from->config.sample_rate > UNECHO_SAMPLE_RATE)
        printf("  output     nothing above 8 kHz\n");
}

static void print_level(const char *name, const recorded_signal *s, uint64_t samples)
{
    double sum = 0.0;
    if (samples == 0)
        return;
    if (!s->there) {
        printf(", %s not given", name);
        return;
    }
    for (uint64_t i = 0; i < samples; i++)
        sum += (double)s->samples[i] * (double)s->samples[i];
    if (sum == 0.0)
        printf(", %s silent", name);
    else if (isfinite(sum))
        printf(", %s %.1f dB", name, 10.0 * log10(sum / (double)samples));
    else
        printf(", %s with samples that are not finite", name);
}

void events_describe_loss(const record_reader *from, const record_head *lost, char *text,
                          size_t size)
{
    const int far_rate = from->config.far_rate ? from->config.far_rate : from->config.sample_rate;
    snprintf(text, size, "%" PRIu64 " calls, with %.3f s of microphone and %.3f s of far end",
             lost->extra, (double)lost->n / from->config.sample_rate,
             (double)lost->far_n / far_rate);
}

static void print_setting(uint64_t extra)
{
    const uint32_t key = (uint32_t)(extra >> 32);
    const char *const name = key == RECORD_KEY_SUPPRESSION       ? "suppression"
                             : key == RECORD_KEY_NOISE_REDUCTION ? "noise_reduction_db"
                             : key == RECORD_KEY_COMFORT_NOISE   ? "comfort_noise"
                                                                 : "an unknown setting";
    printf(" %s to %g", name, (double)record_setting_value(extra));
}

void events_print_call(const record_reader *from, const recorded_call *call, double seconds)
{
    static const char *const names[RECORD_KINDS] = {
        [RECORD_PROCESS] = "process",     [RECORD_MANY] = "process_many",
        [RECORD_WHOLE] = "process_whole", [RECORD_PUSH] = "push_far",
        [RECORD_GAP] = "notify_gap",      [RECORD_RESET] = "reset",
        [RECORD_LOST] = "lost",           [RECORD_SETTING] = "set",
        [RECORD_NEXT_CALL] = "next_call"};
    static const char *const forms[RECORD_FORMS] = {"", "_int16", "_planar"};
    const record_head *h = &call->head;
    const recorded_signal *s = call->signals;
    char text[160];
    printf("%8" PRIu64 " %10.3f s  %s", from->entry, seconds, names[h->kind]);
    if (h->kind == RECORD_LOST) {
        events_describe_loss(from, h, text, sizeof(text));
        printf(": did not fit: %s\n", text);
        return;
    }
    if (h->kind == RECORD_GAP)
        printf(" of %" PRIu64 " frames of microphone, %" PRIu64 " of far end", h->n, h->far_n);
    else if (h->kind == RECORD_SETTING)
        print_setting(h->extra);
    else if (h->kind != RECORD_RESET && h->kind != RECORD_NEXT_CALL) {
        printf("%s %" PRIu64 " frames", h->form < RECORD_FORMS ? forms[h->form] : "",
               h->kind == RECORD_PUSH ? h->far_n : h->n);
        print_level("mic", &s[RECORD_MIC], h->n * from->config.mic_channels);
        if (h->far_n > 0 || !from->config.far_queue_ms)
            print_level("far", &s[RECORD_FAR],
                        h->far_n > 0 ? h->far_n * from->config.far_channels : h->n);
        print_level("out", &s[RECORD_OUT], h->n);
    }
    printf("%s%s\n", h->status < 0 ? ": " : "", h->status < 0 ? unecho_strerror(h->status) : "");
}
