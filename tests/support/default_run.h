/* A simulated call through a default stream. */
#ifndef UNECHO_TEST_DEFAULT_RUN_H
#define UNECHO_TEST_DEFAULT_RUN_H

#include "check.h"
#include "scene.h"
#include "unecho.h"

#include <stdlib.h>
#include <string.h>

/* error := what the stream makes of the microphone, without its latency. */
static inline void run_default(scene *s, unecho_engine engine)
{
    unecho_config config;
    unecho_config_init(&config);
    config.engine = engine;
    config.whole_hops = 1;
    unecho *stream = NULL;
    assert_int_equal(unecho_open(&stream, &config), UNECHO_OK);
    const size_t late = (size_t)unecho_latency(stream);
    float *const out = calloc(s->count, sizeof *out);
    assert_non_null(out);
    assert_int_equal(unecho_process(stream, s->mic, s->far, out, s->count), UNECHO_OK);
    memcpy(s->error, out + late, (s->count - late) * sizeof *out);
    free(out);
    unecho_close(&stream);
}

#endif
