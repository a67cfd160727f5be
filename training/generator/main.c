/*
 * Draws scenes and writes what the post-filter is trained on.
 *
 *     unecho-scenes MATERIAL SPLIT SEED SCENES OUT [KIND [SOUNDS]]
 *
 * OUT.u8 holds EXAMPLE_HOPS x EXAMPLE_BYTES bytes a scene. KIND: any, dt, near, far, or
 * music, double talk whose near end plays or sings. SOUNDS: a folder for mic, far and near of each
 * scene, as WAV.
 */
#include "examples.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH = 4096 };

static FILE *create(const char *path, const char *ending)
{
    char name[PATH];
    snprintf(name, PATH, "%s%s", path, ending);
    FILE *const file = fopen(name, "wb");
    if (!file) {
        perror(name);
        exit(1);
    }
    return file;
}

static void check(int complete, const char *path)
{
    if (complete)
        return;
    perror(path);
    exit(1);
}

/* Of a WAV file of one channel of 32-bit floats. */
typedef struct wav_header {
    char riff[4];
    uint32_t riff_size;
    char wave[4], format[4];
    uint32_t format_size;
    uint16_t kind, channels;
    uint32_t rate, bytes_per_second;
    uint16_t bytes_per_frame, bits;
    char data[4];
    uint32_t data_size;
} wav_header;

static const wav_header header = {
    {'R', 'I', 'F', 'F'},
    sizeof(wav_header) - 8 + SCENE_SAMPLES * sizeof(float),
    {'W', 'A', 'V', 'E'},
    {'f', 'm', 't', ' '},
    16,
    3,
    1,
    UNECHO_SAMPLE_RATE,
    UNECHO_SAMPLE_RATE * sizeof(float),
    sizeof(float),
    32,
    {'d', 'a', 't', 'a'},
    SCENE_SAMPLES * sizeof(float),
};

static void write_sounds(const char *folder, size_t i, const scene *s)
{
    const struct {
        const char *name;
        const float *x;
    } sounds[] = {{"mic", s->mic}, {"far", s->far}, {"near", s->near}};
    for (size_t k = 0; k < sizeof sounds / sizeof *sounds; k++) {
        char path[PATH];
        snprintf(path, PATH, "%s/%04zu_%s.wav", folder, i, sounds[k].name);
        FILE *const file = create(path, "");
        fwrite(&header, sizeof header, 1, file);
        const size_t n = fwrite(sounds[k].x + SCENE_LEAD, sizeof(float), SCENE_SAMPLES, file);
        check(fclose(file) == 0 && n == SCENE_SAMPLES, path);
    }
}

static int kind_of(const char *name, enum scene_kind *kind)
{
    static const char *const names[] = {"any", "dt", "near", "far", "music"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0) {
            *kind = (enum scene_kind)i;
            return 1;
        }
    return 0;
}

int main(int argc, char **argv)
{
    enum scene_kind kind = SCENE_ANY;
    if (argc < 6 || argc > 8 || (argc > 6 && !kind_of(argv[6], &kind))) {
        fprintf(stderr, "usage: unecho-scenes MATERIAL SPLIT SEED SCENES OUT "
                        "[any|dt|near|far|music [SOUNDS]]\n");
        return 2;
    }
    const uint64_t seed = strtoull(argv[3], NULL, 10);
    const size_t scenes = strtoul(argv[4], NULL, 10);
    const material m = material_load(argv[1], argv[2], SCENE_BLOCK);
    studio *const s = studio_new(&m);
    examples *const e = examples_new();
    unsigned char *const bytes = malloc((size_t)EXAMPLE_HOPS * EXAMPLE_BYTES);
    if (!s || !e || !bytes) {
        fprintf(stderr, "out of memory\n");
        return 1;
    }
    /* The training takes what ends in .u8 while this runs. */
    FILE *const rows = create(argv[5], ".part");
    for (size_t i = 0; i < scenes; i++) {
        const scene *const drawn = studio_draw(s, (seed << 32) + i, kind);
        examples_make(e, drawn, bytes);
        check(fwrite(bytes, EXAMPLE_BYTES, EXAMPLE_HOPS, rows) == EXAMPLE_HOPS, argv[5]);
        if (argc > 7)
            write_sounds(argv[7], i, drawn);
    }
    check(fclose(rows) == 0, argv[5]);
    char part[PATH], whole[PATH];
    snprintf(part, PATH, "%s.part", argv[5]);
    snprintf(whole, PATH, "%s.u8", argv[5]);
    check(rename(part, whole) == 0, part);
    return 0;
}
