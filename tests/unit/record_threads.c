/*
 * A record may be read from another thread while the stream runs.
 */
#include "recorded.h"

#include "check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

typedef struct reader {
    unecho *stream;
    file f;
    atomic_int over;
    int failed;
} reader;

static void *read_along(void *argument)
{
    reader *const r = argument;
    size_t got = 0;
    for (int over = 0; !over || got > 0;) {
        over = atomic_load(&r->over);
        r->f.bytes = realloc(r->f.bytes, r->f.size + 5001);
        r->failed |= !r->f.bytes ||
                     unecho_record_read(r->stream, r->f.bytes + r->f.size, 5001, &got) != UNECHO_OK;
        r->f.size += got;
    }
    return NULL;
}

/* In a ring that wraps many times; with a small one it may end early, but never wrong. */
static void another_thread_reads(void **unused)
{
    (void)unused;
    static const size_t rooms[] = {ROOM, 40000, 5000};
    unecho_config config;
    unecho_config_init(&config);
    config.align = UNECHO_ALIGN_OFF;
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
        reader r = {.stream = open_recorded(&config, rooms[i])};
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, read_along, &r), 0);
        make_calls(r.stream, &config, 4, NULL);
        atomic_store(&r.over, 1);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(r.failed, 0);
        unecho_close(&r.stream);
        const rerun seen = expect_same(&r.f);
        if (rooms[i] == ROOM)
            assert_int_equal(seen.lost.kind, 0);
        free(r.f.bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_thread_reads),
    };
    return cmocka_run_group_tests_name("record_threads", tests, set_up, tear_down);
}
