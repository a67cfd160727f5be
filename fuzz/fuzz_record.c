/*
 * Any bytes as the record of a stream, with the right checksums: the reader must accept or reject
 * them, and what it accepts is replayed and described. Neither may read what the record does not
 * hold, and the replay hears no more than the record says.
 */
#include "fuzz.h"
#include "replay/events.h"
#include "replay/rerun.h"
#include "seal.h"

#include <stdlib.h>
#include <string.h>

/* Seconds of sound for each input: silence takes no room in a record. */
static const double heard_most = 5.0;

static unecho_model *models[2];

static void release_models(void)
{
    unecho_model_unref(&models[0]);
    unecho_model_unref(&models[1]);
}

int LLVMFuzzerInitialize(int *count, char ***words)
{
    (void)count;
    (void)words;
    /* Loaded once instead of for each input. */
    if (unecho_model_builtin(&models[0], UNECHO_MODEL_POSTFILTER, NULL, 0) < 0 ||
        unecho_model_builtin(&models[1], UNECHO_MODEL_DTLN_AEC, NULL, 0) < 0)
        abort();
    atexit(release_models);
    if (!freopen("/dev/null", "w", stdout)) /* the descriptions */
        abort();
    return 0;
}

static void replay(record_reader *from)
{
    rerun r = {0};
    recorded_call call = {0};
    from->config.model = NULL;
    if (from->config.backend != UNECHO_BACKEND_NATIVE || unecho_open(&r.stream, &from->config) < 0)
        return;
    events_print_header(from);
    while (r.heard < heard_most && record_reader_next(from, &call) == READER_GOOD) {
        events_print_call(from, &call, rerun_seconds(&r, from));
        if (!rerun_call(&r, from, &call))
            break;
        for (size_t i = 0; r.out && i < (size_t)call.head.n; i++)
            if (!(r.out[i] < 1e6f && r.out[i] > -1e6f))
                abort();
    }
    recorded_call_free(&call);
    rerun_free(&r);
    unecho_close(&r.stream);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size)
{
    unsigned char *const sealed = malloc(size + 1);
    record_reader from;
    if (!sealed)
        return 0;
    memcpy(sealed, bytes, size);
    seal_entries(sealed, size);
    FILE *const file = size > 0 ? fmemopen(sealed, size, "rb") : NULL;
    if (file) {
        if (record_reader_open(&from, file) == READER_GOOD)
            replay(&from);
        record_reader_close(&from);
        fclose(file);
    }
    free(sealed);
    return 0;
}
