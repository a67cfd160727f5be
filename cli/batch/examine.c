#include "batch/examine.h"

#include "doctor/doctor.h"
#include "report.h"

#include <stdlib.h>

enum {
    WIDTH = SPECTROGRAM_COLUMNS / THUMBNAIL_COLUMNS,
    HEIGHT = SPECTROGRAM_ROWS / THUMBNAIL_ROWS,
    CELLS = THUMBNAIL_COLUMNS * THUMBNAIL_ROWS,
};

struct examination {
    struct doctor_input input;
    struct analysis analysis;
    struct diagnosis diagnosis;
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

/* ---- Examining -------------------------------------------------------------------------- */

static bool examine(struct examination *e, FILE *stream, const ends_choice *choice, const char *out,
                    const unecho_stats *stats, unecho_model *model)
{
    audio_reader *file;
    bool done;
    if (!doctor_input_open(&e->input, choice))
        return false;
    file = audio_reader_open(out, &choice->mic.layout, NULL);
    done = file && doctor_analyse_output(&e->analysis, &e->input, model, file, stats);
    audio_reader_close(&file);
    if (!done)
        return false;
    doctor_judge(&e->diagnosis, &e->analysis);
    doctor_print_members(&e->diagnosis, stream);
    print_picture("before", e->analysis.pictures[0], stream);
    print_picture("after", e->analysis.pictures[1], stream);
    return true;
}

bool examine_pair(FILE *stream, const ends_choice *choice, const char *out,
                  const unecho_stats *stats, unecho_model *model)
{
    struct examination *e = calloc(1, sizeof(*e));
    bool done;
    if (!e)
        return report_no_memory();
    done = examine(e, stream, choice, out, stats, model);
    analysis_free(&e->analysis);
    doctor_input_close(&e->input);
    free(e);
    return done;
}
