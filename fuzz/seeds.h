/* The seeds of each target, which `seeds TARGET FOLDER` writes. */
#ifndef UNECHO_FUZZ_SEEDS_H
#define UNECHO_FUZZ_SEEDS_H

#include <stddef.h>

/* Write a seed; ends the program if it cannot be written. */
void seed_write(const char *folder, const char *name, const void *bytes, size_t size);

/* A record of a short stream; returns its size. */
size_t seed_record(unsigned char *bytes, size_t most);

void seeds_onnx(const char *folder);
void seeds_tflite(const char *folder);
void seeds_api(const char *folder);
void seeds_command_line(const char *folder);
void seeds_record(const char *folder);

#endif
