#include "material.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_MOST = 4096 };

static void path_of(char path[PATH_MOST], const char *folder, const char *name, const char *split,
                    const char *ending)
{
    snprintf(path, PATH_MOST, "%s/%s_%s.%s", folder, name, split, ending);
}

static void give_up(const char *path, const char *why)
{
    fprintf(stderr, "%s: %s\n", path, why);
    exit(1);
}

/* By one sample in every 8 ms: a broken conversion leaves zeros, and training on them looks well.
 */
static int is_silent(const corpus *c)
{
    size_t zeros = 0, looked = 0;
    for (size_t i = 0; i < c->n; i += 128, looked++)
        zeros += c->x[i] == 0;
    return 2 * zeros > looked;
}

static corpus load_corpus(const char *folder, const char *name, const char *split, size_t least)
{
    char path[PATH_MOST];
    path_of(path, folder, name, split, "pcm");
    const int file = open(path, O_RDONLY);
    struct stat about;
    if (file < 0 || fstat(file, &about) != 0)
        give_up(path, "cannot be read");
    const size_t bytes = (size_t)about.st_size;
    if (bytes / sizeof(int16_t) <= least)
        give_up(path, "shorter than a scene");
    void *const x = mmap(NULL, bytes, PROT_READ, MAP_SHARED, file, 0);
    if (x == MAP_FAILED)
        give_up(path, "cannot be mapped");
    close(file);
    const corpus all = {x, bytes / sizeof(int16_t)};
    if (is_silent(&all))
        give_up(path, "more than half of it is silence");
    return all;
}

/* Per response its length as a 32-bit integer, then so many floats. */
static responses load_responses(const char *folder, const char *name, const char *split)
{
    char path[PATH_MOST];
    path_of(path, folder, name, split, "responses");
    FILE *const file = fopen(path, "rb");
    if (!file)
        give_up(path, "cannot be read");
    responses r = {NULL, 0};
    int32_t n = 0;
    while (fread(&n, sizeof n, 1, file) == 1) {
        response one = {malloc((size_t)n * sizeof(float)), (size_t)n};
        response *const all = realloc(r.all, (r.count + 1) * sizeof *all);
        if (!one.x || !all || fread(one.x, sizeof(float), one.n, file) != one.n)
            give_up(path, "truncated, or out of memory");
        r.all = all;
        r.all[r.count++] = one;
    }
    fclose(file);
    if (r.count == 0)
        give_up(path, "no response in it");
    return r;
}

material material_load(const char *folder, const char *split, size_t least)
{
    material m = {
        .near = load_corpus(folder, "near", split, least),
        .far = load_corpus(folder, "far", split, least),
        .noise = load_corpus(folder, "noise", split, least),
        .music = load_corpus(folder, "music", split, least),
        .rooms = load_responses(folder, "room", split),
        .devices = load_responses(folder, "device", split),
        .white = malloc(MATERIAL_NOISE * sizeof(float)),
    };
    if (!m.white)
        give_up(folder, "out of memory");
    chance random = chance_seeded(0);
    for (size_t i = 0; i < MATERIAL_NOISE; i++)
        m.white[i] = chance_normal(&random);
    return m;
}

void corpus_read(const corpus *c, size_t at, float *to, size_t n)
{
    const size_t last = c->n - n;
    const int16_t *const from = c->x + (at < last ? at : last);
    for (size_t i = 0; i < n; i++)
        to[i] = (float)from[i] * (1.0f / 32768.0f);
}

size_t corpus_cut(const corpus *c, chance *random, float *to, size_t n)
{
    const size_t at = chance_below(random, c->n - n);
    corpus_read(c, at, to, n);
    return at;
}

const float *white_cut(const material *m, chance *random, size_t n)
{
    return m->white + chance_below(random, MATERIAL_NOISE - n);
}
