/*
 * What is cut, changed or senseless in a record is reported, and what came before is good.
 */
#include "recorded.h"

#include "check.h"
#include "seal.h"
#include "signals.h"

#include <stdlib.h>
#include <string.h>

static file small_file(void)
{
    unecho_config config;
    unecho_config_init(&config);
    config.engine = UNECHO_ENGINE_LINEAR;
    config.align = UNECHO_ALIGN_OFF;
    static float out[64];
    static int16_t out16[33];
    file f = {0};
    unecho *stream = open_recorded(&config, 4096);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(unecho_process(stream, mic + 64 * i, i == 1 ? NULL : far, out, 64), 0);
    assert_int_equal(unecho_process_int16(stream, mic16, far16, out16, 33), UNECHO_OK);
    assert_int_equal(unecho_notify_gap(stream, 5, 6), UNECHO_OK);
    drain(stream, &f);
    unecho_close(&stream);
    return f;
}

static void every_cut_is_told(void **unused)
{
    (void)unused;
    file f = small_file();
    size_t whole = 0;
    for (size_t size = 1; size < f.size; size++) {
        /* Of its exact size, so that a read beyond it is detected. */
        file cut = {malloc(size), size};
        memcpy(cut.bytes, f.bytes, size);
        rerun r;
        char message[256];
        if (replay_file(&r, &cut, message) == READER_END)
            whole++;
        else
            assert_non_null(strstr(message, "offset"));
        assert_int_equal(r.first.call, 0);
        free(cut.bytes);
    }
    assert_int_equal(whole, 5); /* after the header and after each call but the last */
    free(f.bytes);
}

static void every_changed_byte_is_told(void **unused)
{
    (void)unused;
    file f = small_file();
    uint32_t seed = 9;
    for (size_t at = 0; at < f.size; at++) {
        const unsigned char was = f.bytes[at];
        f.bytes[at] ^= (unsigned char)(1 + random_bits(&seed) % 255);
        rerun r;
        char message[256];
        assert_int_equal(replay_file(&r, &f, message), READER_BAD);
        assert_true(message[0] != '\0');
        f.bytes[at] = was;
    }
    free(f.bytes);
}

/* Several bytes at once, with the right checksum: nothing may trust what only looks intact. */
static void senseless_records_do_no_harm(void **unused)
{
    (void)unused;
    file f = small_file();
    unsigned char *const good = malloc(f.size);
    uint32_t seed = 11;
    memcpy(good, f.bytes, f.size);
    for (int round = 0; round < 1000; round++) {
        memcpy(f.bytes, good, f.size);
        for (uint32_t i = random_bits(&seed) % 4; i < 4; i++)
            f.bytes[8 + random_bits(&seed) % (f.size - 8)] =
                (unsigned char)(random_bits(&seed) % 3 ? random_bits(&seed) % 4
                                                       : random_bits(&seed));
        seal_entries(f.bytes, f.size);
        rerun r;
        char message[256];
        const reader_result result = replay_file(&r, &f, message);
        assert_true(result == READER_END || message[0] != '\0');
    }
    free(good);
    free(f.bytes);
}

/* small_file with one more entry. */
static file with_entry(const record_head *head)
{
    file f = small_file();
    f.bytes = realloc(f.bytes, f.size + 4 * (size_t)head->words);
    assert_non_null(f.bytes);
    append_entry(f.bytes, &f.size, head);
    return f;
}

/* Heads that do not fit their kind, each with the right size and checksum. */
static void heads_that_no_call_has_are_told(void **unused)
{
    (void)unused;
    enum { BARE = RECORD_HEAD + RECORD_SUM, N = 60 };
    const record_head heads[] = {
        /* Calls without samples. */
        {.kind = RECORD_RESET, .words = BARE, .n = 4000},
        {.kind = RECORD_RESET, .words = BARE, .n = UINT64_MAX / 5},
        {.kind = RECORD_RESET, .words = BARE, .far_n = 1},
        {.kind = RECORD_RESET, .words = BARE, .form = RECORD_INT16},
        {.kind = RECORD_RESET, .words = BARE, .status = UNECHO_ERROR_BACKEND},
        {.kind = RECORD_NEXT_CALL, .words = BARE, .n = 1},
        {.kind = RECORD_GAP, .words = BARE, .form = RECORD_PLANAR},
        {.kind = RECORD_GAP, .words = BARE, .extra = 1},
        {.kind = RECORD_GAP, .words = BARE, .n = 1, .coding = {RECORD_SILENT}},
        {.kind = RECORD_LOST, .words = BARE, .status = 1},
        /* Forms that the functions do not have. */
        {.kind = RECORD_WHOLE,
         .words = BARE + 3 * N / 2,
         .form = RECORD_INT16,
         .n = N,
         .far_n = N,
         .coding = {RECORD_AS_INT16, RECORD_AS_INT16, RECORD_AS_INT16}},
        {.kind = RECORD_MANY,
         .words = BARE + 3 * N,
         .form = RECORD_PLANAR,
         .n = N,
         .far_n = N,
         .coding = {RECORD_AS_FLOAT, RECORD_AS_FLOAT, RECORD_AS_FLOAT}},
        {.kind = RECORD_WHOLE, .words = BARE, .extra = 4},
        {.kind = RECORD_PROCESS, .words = BARE, .extra = 1},
        {.kind = RECORD_PROCESS, .words = BARE, .status = 1},
        {.kind = RECORD_PROCESS, .words = BARE, .form = RECORD_FORMS},
        /* Refused calls that are not recorded, or have samples. */
        {.kind = RECORD_MANY, .words = BARE, .n = N, .status = UNECHO_ERROR_ARGUMENT},
        {.kind = RECORD_WHOLE, .words = BARE, .n = N, .status = UNECHO_ERROR_ARGUMENT},
        {.kind = RECORD_PROCESS,
         .words = BARE,
         .n = N,
         .coding = {RECORD_SILENT, RECORD_NONE, RECORD_SILENT},
         .status = UNECHO_ERROR_CHUNK},
        /* Signals that are missing, too many or too long. */
        {.kind = RECORD_PROCESS, .words = BARE, .n = N, .coding = {RECORD_SILENT}},
        {.kind = RECORD_PROCESS,
         .words = BARE,
         .n = N,
         .far_n = N + 1,
         .coding = {RECORD_SILENT, RECORD_SILENT, RECORD_SILENT}},
        {.kind = RECORD_PUSH, .words = BARE, .n = N, .coding = {RECORD_SILENT}},
        {.kind = RECORD_PUSH,
         .words = BARE,
         .far_n = RECORD_SILENCE + 1,
         .coding = {RECORD_NONE, RECORD_SILENT}},
        {.kind = RECORD_HEADER, .words = BARE},
        {.kind = RECORD_KINDS, .words = BARE},
    };
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        file f = with_entry(&heads[i]);
        rerun r;
        char message[256];
        if (replay_file(&r, &f, message) != READER_BAD || !strstr(message, "entry 6 at offset "))
            fail_msg("head %zu: %s", i, message);
        assert_int_equal(r.calls, 5);
        free(f.bytes);
    }
}

/* A call that the library refuses although it was recorded as fine: it gives no output to compare,
 * and none of what was in memory is taken for it. */
static void a_call_that_is_refused_now_is_told(void **unused)
{
    (void)unused;
    const record_head heads[] = {
        {.kind = RECORD_PUSH,
         .words = RECORD_HEAD + RECORD_SUM,
         .far_n = 50,
         .coding = {RECORD_NONE, RECORD_SILENT}},
        {.kind = RECORD_MANY, /* which the linear engine does not have */
         .words = RECORD_HEAD + RECORD_SUM,
         .n = 50,
         .coding = {RECORD_SILENT, RECORD_NONE, RECORD_SILENT}},
    };
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        file f = with_entry(&heads[i]);
        rerun r;
        char message[256];
        assert_int_equal(replay_file(&r, &f, message), READER_END);
        assert_int_equal(r.first.call, 6);
        assert_int_equal(r.first.replayed_status, UNECHO_ERROR_ARGUMENT);
        assert_int_equal(r.different_samples, 0);
        assert_null(r.out);
        free(f.bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cut_is_told),
        cmocka_unit_test(every_changed_byte_is_told),
        cmocka_unit_test(senseless_records_do_no_harm),
        cmocka_unit_test(heads_that_no_call_has_are_told),
        cmocka_unit_test(a_call_that_is_refused_now_is_told),
    };
    return cmocka_run_group_tests_name("record_damage", tests, set_up, tear_down);
}
