#include "batch/examine.h"

#include "doctor/doctor.h"
#include "doctor/spectrogram.h"
#include "report.h"

#include <stdlib.h>
#include <string.h>

enum {
    WIDTH = SPECTROGRAM_COLUMNS / THUMBNAIL_COLUMNS,
    HEIGHT = SPECTROGRAM_ROWS / THUMBNAIL_ROWS,
    CELLS = THUMBNAIL_COLUMNS * THUMBNAIL_ROWS,
};

struct examination {
    struct doctor_input input;
    struct analysis analysis;
    struct diagnosis diagnosis;
    spectrogram cells;
};

/* ---- Pictures --------------------------------------------------------------------------- */

static unsigned shade_at(const spectrogram cells, size_t column, size_t row)
{
    unsigned sum = 0;
    for (size_t i = 0; i < WIDTH; i++)
        for (size_t k = 0; k < HEIGHT; k++)
            sum += cells[WIDTH * column + i][HEIGHT * row + k];
    return (sum + WIDTH * HEIGHT / 2) / (WIDTH * HEIGHT);
}

static void print_picture(const char *key, const spectrogram cells, FILE *stream)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    fprintf(stream, ", \"%s\": \"", key);
    for (size_t i = 0; i < CELLS; i += 3) {
        unsigned bits = 0;
        for (size_t k = i; k < i + 3; k++)
            bits = bits << 4 | shade_at(cells, k / THUMBNAIL_ROWS, k % THUMBNAIL_ROWS);
        fputc(letters[bits >> 6], stream);
        fputc(letters[bits & 63], stream);
    }
    fputc('"', stream);
}

static bool print_pictures(struct examination *e, FILE *stream)
{
    const struct doctor_end *mic = &e->input.mic;
    if (!spectrogram_take(e->cells, mic->samples, mic->n, mic->rate))
        return false;
    print_picture("before", e->cells, stream);
    if (!spectrogram_take(e->cells, e->analysis.cancelled.out, mic->n, mic->rate))
        return false;
    print_picture("after", e->cells, stream);
    return true;
}

/* ---- Examining -------------------------------------------------------------------------- */

/* n samples of the output, the mean of its channels, silence after its end. NULL: failed, reported.
 */
static float *read_output(const char *path, const audio_layout *layout, size_t n)
{
    audio_reader *file = audio_reader_open(path, layout);
    const unsigned channels = file ? audio_reader_channels(file) : 1;
    float *frames = calloc(n * channels + 1, sizeof(*frames));
    size_t got = 0;
    bool done = file && frames && audio_reader_read(file, frames, n, &got);
    if (file && !frames)
        report_error("out of memory");
    audio_reader_close(&file);
    for (size_t i = 0; done && channels > 1 && i < n; i++) {
        float sum = 0.0f;
        for (unsigned c = 0; c < channels; c++)
            sum += frames[i * channels + c];
        frames[i] = sum / (float)channels;
    }
    if (!done) {
        free(frames);
        frames = NULL;
    }
    return frames;
}

static bool examine(struct examination *e, FILE *stream, const ends_choice *choice, const char *out,
                    const unecho_stats *stats, unecho_model *model)
{
    const audio_layout layout = choice->mic.layout;
    float *samples;
    if (!doctor_input_read(&e->input, choice))
        return false;
    samples = read_output(out, &layout, e->input.mic.n);
    if (!samples || !doctor_analyse_output(&e->analysis, &e->input, model, samples, stats))
        return false;
    doctor_judge(&e->diagnosis, &e->analysis);
    doctor_print_members(&e->diagnosis, stream);
    return print_pictures(e, stream);
}

bool examine_pair(FILE *stream, const ends_choice *choice, const char *out,
                  const unecho_stats *stats, unecho_model *model)
{
    struct examination *e = calloc(1, sizeof(*e));
    bool done;
    if (!e) {
        report_error("out of memory");
        return false;
    }
    done = examine(e, stream, choice, out, stats, model);
    analysis_free(&e->analysis);
    doctor_input_free(&e->input);
    free(e);
    return done;
}
