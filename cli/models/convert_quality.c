#include "models/convert_quality.h"

#include "engine_choice.h"
#include "report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool run(unecho_model *model, unecho_precision precision, const struct bench_audio *audio,
                float *out, double *erle_db)
{
    unecho_model_info info = {.size = sizeof(info)};
    engine_choice engine = {.precision = precision};
    unecho_stats stats = {.size = sizeof(stats)};
    unecho_config config;
    unecho *stream;
    int status;
    /* A post-filter does not run without the linear filter. */
    if (unecho_model_get_info(model, &info) == UNECHO_OK && info.kind == UNECHO_MODEL_POSTFILTER)
        engine.engine = UNECHO_ENGINE_LINEAR_NEURAL;
    unecho_config_init(&config);
    config.model = model;
    /* the network alone, without the rest of a stream */
    config.align = UNECHO_ALIGN_OFF;
    stream = engine_choice_open(&engine, &config);
    if (!stream)
        return false;
    status = unecho_process_whole(stream, audio->mic, audio->n, audio->far, audio->n, out, 0);
    if (status == UNECHO_OK)
        status = unecho_get_stats(stream, &stats);
    unecho_close(&stream);
    *erle_db = stats.far_active_seconds > 0 ? (double)stats.erle_db : NAN;
    if (status != UNECHO_OK)
        report_error("cannot process the recording: %s", unecho_strerror(status));
    return status == UNECHO_OK;
}

static void compare(struct quality *q, const float *source, const float *copy, size_t n)
{
    double power = 0.0, error = 0.0;
    for (size_t i = 0; i < n; i++) {
        const double x = (double)source[i], d = (double)copy[i] - x;
        power += x * x;
        error += d * d;
        q->max_difference = fabs(d) > q->max_difference ? fabs(d) : q->max_difference;
    }
    q->snr_db = error > 0.0 ? 10.0 * log10(power / error) : INFINITY;
    q->equal = memcmp(source, copy, n * sizeof(*source)) == 0;
}

bool quality_measure(struct quality *quality, unecho_model *source, unecho_model *copy,
                     unecho_precision precision, const struct bench_audio *audio)
{
    float *out = calloc(2 * audio->n, sizeof(*out));
    bool done = false;
    *quality = (struct quality){0};
    if (!out)
        report_no_memory();
    else if (run(source, precision, audio, out, &quality->source_erle_db) &&
             run(copy, precision, audio, out + audio->n, &quality->erle_db)) {
        compare(quality, out, out + audio->n, audio->n);
        done = true;
    }
    free(out);
    return done;
}
