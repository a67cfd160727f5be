/* The backends that `unecho bench` compares, one row each. */
#ifndef UNECHO_CLI_BENCH_ENGINE_H
#define UNECHO_CLI_BENCH_ENGINE_H

#include "unecho_model.h"

#include <stdbool.h>
#include <stddef.h>

struct backend {
    const char *name;
    /*
     * The least SNR against the reference's output: far below what the precision costs, far above
     * what skipping hops would give.
     */
    double least_snr_db;
    unecho_backend kind;
    unecho_precision precision; /* of our own backend */
    bool untuned;               /* as its profile says */
    bool tuned_here;            /* its settings, in profile, were found on this machine */
    unsigned stage_threads[2];
    const char *library, *profile; /* paths, NULL: the library's own choice */
};

extern const struct backend backend_rows[];
extern const size_t backend_row_count;

/* Whether text is the backend's name or its first words; '-' stands for a space. */
bool backend_is_called(const struct backend *backend, const char *text, size_t length);

/*
 * Open a stream for calls of `chunk` samples. Returns a unecho_status; message: as in
 * unecho_config.
 */
int backend_open(unecho **stream, const struct backend *backend, unecho_model *model, size_t chunk,
                 char *message, size_t message_size);

#endif
