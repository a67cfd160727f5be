/*
 * seeds TARGET FOLDER: writes the seeds of a fuzz target, made only of this project's files.
 * Creates the folder; prints the name of each seed.
 */
#include "seeds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void seed_write(const char *folder, const char *name, const void *bytes, size_t size)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) {
        fprintf(stderr, "seeds: cannot write %s\n", path);
        exit(1);
    }
    puts(name);
}

int main(int count, char **words)
{
    static const struct {
        const char *name;
        void (*write)(const char *folder);
    } targets[] = {
        {"onnx", seeds_onnx},     {"tflite", seeds_tflite},
        {"api", seeds_api},       {"command_line", seeds_command_line},
        {"record", seeds_record},
    };
    for (size_t i = 0; count == 3 && i < sizeof targets / sizeof *targets; i++)
        if (strcmp(words[1], targets[i].name) == 0) {
            mkdir(words[2], 0777); /* if this fails, so does writing */
            targets[i].write(words[2]);
            return 0;
        }
    fputs("usage: seeds onnx|tflite|api|command_line|record FOLDER\n", stderr);
    return 2;
}
