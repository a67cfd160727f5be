/*
 * replay [--changes N] FILE|FOLDER...: runs a fuzz target without libFuzzer, on every file and on N
 * copies of it with random but repeatable damage.
 */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct tally {
    unsigned long changes, files, inputs;
    uint32_t seed;
    FILE *out;
} tally;

static uint32_t random_bits(tally *t)
{
    t->seed ^= t->seed << 13;
    t->seed ^= t->seed >> 17;
    t->seed ^= t->seed << 5;
    return t->seed;
}

/* In memory of exactly that size, so that a read beyond it is detected. */
static void try(tally *t, const unsigned char *bytes, size_t size)
{
    unsigned char *const exact = malloc(size > 0 ? size : 1);
    if (!exact)
        abort();
    memcpy(exact, bytes, size);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    t->inputs++;
}

static void change(tally *t, unsigned char *bytes, size_t *size)
{
    static const unsigned char edges[] = {0, 1, 0x7f, 0x80, 0xff};
    for (uint32_t left = 1 + random_bits(t) % 4; left > 0 && *size > 0; left--) {
        const size_t at = random_bits(t) % *size;
        switch (random_bits(t) % 4) {
        case 0:
            bytes[at] = (unsigned char)random_bits(t);
            break;
        case 1:
            bytes[at] = edges[random_bits(t) % sizeof edges];
            break;
        case 2:
            bytes[at] ^= (unsigned char)(1u << random_bits(t) % 8);
            break;
        default:
            /* Truncate rarely, as little is left to read. */
            if (random_bits(t) % 8 == 0)
                *size = at;
        }
    }
}

static int try_file(tally *t, const char *path, long size)
{
    FILE *const file = fopen(path, "rb");
    unsigned char *const bytes = malloc((size_t)size + 1), *const copy = malloc((size_t)size + 1);
    /* The copies of a file do not depend on the files before it. */
    t->seed = 1;
    const int right = file && bytes && copy && fread(bytes, 1, (size_t)size, file) == (size_t)size;
    if (file)
        fclose(file);
    if (right)
        try(t, bytes, (size_t)size);
    for (unsigned long i = 0; right && i < t->changes; i++) {
        size_t left = (size_t)size;
        memcpy(copy, bytes, left);
        change(t, copy, &left);
        try(t, copy, left);
    }
    free(bytes);
    free(copy);
    t->files++;
    return right;
}

static int try_folder(tally *t, const char *path);

static int try_path(tally *t, const char *path)
{
    struct stat status;
    if (stat(path, &status) == 0 &&
        (S_ISDIR(status.st_mode) ? try_folder(t, path) : try_file(t, path, (long)status.st_size)))
        return 1;
    fprintf(t->out, "not ok 1 - cannot read %s\n", path);
    return 0;
}

static int try_folder(tally *t, const char *path)
{
    char inside[4096];
    int right = 1;
    DIR *const folder = opendir(path);
    if (!folder)
        return 0;
    for (struct dirent *entry; right && (entry = readdir(folder)) != NULL;) {
        snprintf(inside, sizeof inside, "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.')
            right = try_path(t, inside);
    }
    closedir(folder);
    return right;
}

int main(int count, char **words)
{
    tally t = {0};
    int first = 1;
    /* The target may write to standard output. */
    t.out = fdopen(dup(STDOUT_FILENO), "w");
    if (!t.out)
        return 1;
    if (count > 2 && strcmp(words[1], "--changes") == 0) {
        t.changes = strtoul(words[2], NULL, 10);
        first = 3;
    }
    LLVMFuzzerInitialize(&count, &words);
    for (int i = first; i < count; i++)
        if (!try_path(&t, words[i]))
            return 1;
    fprintf(t.out, "1..1\n%sok 1 - %lu inputs from %lu files\n", t.files > 0 ? "" : "not ",
            t.inputs, t.files);
    return fclose(t.out) == 0 && t.files > 0 ? 0 : 1;
}
