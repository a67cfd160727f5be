/*
 * No damage to a TFLite file makes the reader crash, read beyond its bytes (run this under
 * AddressSanitizer) or leak; no truncated file passes for a whole one.
 */
#include "check.h"
#include "model/stage_file.h"
#include "signals.h"
#include "tflite_writer.h"
#include "unecho.h"

#include <stdlib.h>
#include <string.h>

enum {
    CUTS = 1000,
    CHANGES = 2000,
    SMALL_UNITS = 4, /* so that much of a file is structure */
};

static int read_quietly(bytes file, int stage, char *text)
{
    const message to = {text, UNECHO_MESSAGE_SIZE};
    stage_weights weights;
    text[0] = 0;
    const int status = stage_file_read(&weights, stage, file.at, file.size, "some.tflite", &to);
    if (status == UNECHO_OK)
        free(weights.vectors);
    else if (strncmp(text, "some.tflite: ", strlen("some.tflite: ")) != 0)
        fail_msg("status %d without a message: '%s'", status, text);
    return status;
}

/* From memory of exactly that size, so that a read beyond it is detected. */
static int read_exact(const void *at, size_t size, char *text)
{
    bytes exact = {malloc(size > 0 ? size : 1), size};
    memcpy(exact.at, at, size);
    const int status = read_quietly(exact, 1, text);
    free(exact.at);
    return status;
}

static void refuses_what_is_no_tflite(void **state)
{
    (void)state;
    static const struct {
        size_t size;
        unsigned char at[32];
        const char *word;
    } files[] = {
        {0, {0}, "too few"},
        {7, {4, 0, 0, 0, 'T', 'F', 'L'}, "too few"},
        {12, {8, 0, 0, 0, 'T', 'F', 'L', '2', 4, 0, 0, 0}, "no identifier 'TFL3'"},
        /* the root: at nothing, outside, across the end, between two numbers */
        {12, {0, 0, 0, 0, 'T', 'F', 'L', '3'}, "byte 0 of 12: an offset of 0"},
        {12, {0xff, 0xff, 0xff, 0xff, 'T', 'F', 'L', '3'}, "an offset of 4294967295"},
        {15, {12, 0, 0, 0, 'T', 'F', 'L', '3'}, "an offset of 12"},
        {16, {10, 0, 0, 0, 'T', 'F', 'L', '3'}, "byte 10, expected a multiple of 4"},
        /* its list of fields: before the file, odd, after it, too short, too long */
        {16, {8, 0, 0, 0, 'T', 'F', 'L', '3', 9, 0, 0, 0}, "byte 8 of 16: a table's list of"},
        {16, {8, 0, 0, 0, 'T', 'F', 'L', '3', 7, 0, 0, 0}, "out of place"},
        {16, {8, 0, 0, 0, 'T', 'F', 'L', '3', 0xf8, 0xff, 0xff, 0xff}, "list of fields is at 16"},
        {16, {8, 0, 0, 0, 'T', 'F', 'L', '3', 0xfc, 0xff, 0xff, 0xff, 2, 0, 4, 0}, "of 2 bytes"},
        {16, {8, 0, 0, 0, 'T', 'F', 'L', '3', 0xfc, 0xff, 0xff, 0xff, 6, 0, 4, 0}, "of 6 bytes"},
        /* a table that does not fit, a field outside its table */
        {16, {8, 0, 0, 0, 'T', 'F', 'L', '3', 0xfc, 0xff, 0xff, 0xff, 4, 0, 9, 0}, "of 9 bytes"},
        {20,
         {8, 0, 0, 0, 'T', 'F', 'L', '3', 0xfc, 0xff, 0xff, 0xff, 6, 0, 4, 0, 4, 0},
         "field 0 is outside"},
        /* a sound table without a version */
        {16, {8, 0, 0, 0, 'T', 'F', 'L', '3', 0xfc, 0xff, 0xff, 0xff, 4, 0, 4, 0}, "version 0"},
    };
    char text[UNECHO_MESSAGE_SIZE];
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        const int status = read_exact(files[i].at, files[i].size, text);
        if (status == UNECHO_OK || !strstr(text, files[i].word))
            fail_msg("file %zu: status %d, no '%s' in: %s", i, status, files[i].word, text);
    }
}

static void check_cut(bytes file, size_t size)
{
    char text[UNECHO_MESSAGE_SIZE];
    const int status = read_exact(file.at, size, text);
    if (status != UNECHO_ERROR_FORMAT)
        fail_msg("status %d for %zu of %zu bytes: %s", status, size, file.size, text);
}

static void refuses_truncated_files(void **state)
{
    (void)state;
    for (int int8 = 0; int8 <= 1; int8++) {
        tflite_model *const m = tflite_new(1, SMALL_UNITS, int8, 5);
        const bytes file = tflite_write(m);
        for (size_t i = 0; i < CUTS; i++)
            check_cut(file, file.size * i / CUTS);
        free(file.at);
        tflite_free(m);
    }
}

static void survives_changed_bytes(void **state)
{
    (void)state;
    static const unsigned char extremes[] = {0, 1, 127, 128, 255};
    uint32_t seed = 3;
    char text[UNECHO_MESSAGE_SIZE];
    for (int stage = 1; stage <= 2; stage++) {
        tflite_model *const m = tflite_new(stage, SMALL_UNITS, 1, 5);
        const bytes whole = tflite_write(m);
        bytes file = {malloc(whole.size), whole.size};
        memcpy(file.at, whole.at, whole.size);
        /* The buffers, mostly weights, are written last: what comes before them is structure. */
        const size_t structure = 20000;
        assert_true(file.size > structure);
        size_t harmless = 0;
        for (size_t i = 0; i < CHANGES; i++) {
            const size_t at = random_bits(&seed) % (i % 8 == 7 ? file.size : structure);
            const unsigned char kept = file.at[at];
            const uint32_t bits = random_bits(&seed);
            const uint32_t flipped = kept ^ 1u << (bits >> 1) % 8;
            file.at[at] = (unsigned char)(bits & 1 ? flipped : extremes[(bits >> 4) % 5]);
            harmless += read_quietly(file, stage, text) == UNECHO_OK;
            file.at[at] = kept;
        }
        print_message("stage %d: %zu of %d changes are harmless\n", stage, harmless, CHANGES);
        assert_true(harmless < CHANGES);
        free(file.at);
        free(whole.at);
        tflite_free(m);
    }
}

static void published_files_truncated_and_swapped(void **state)
{
    (void)state;
    need_reference();
    char text[UNECHO_MESSAGE_SIZE];
    const bytes file = read_bytes(reference_path("models/dtln_aec_128_quant_1.tflite"));
    for (size_t i = 0; i < CUTS; i++)
        check_cut(file, file.size * i / CUTS);
    assert_int_equal(read_quietly(file, 2, text), UNECHO_ERROR_MODEL);
    assert_non_null(strstr(text, "this is stage 1"));
    free(file.at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_is_no_tflite),
        cmocka_unit_test(refuses_truncated_files),
        cmocka_unit_test(survives_changed_bytes),
        cmocka_unit_test(published_files_truncated_and_swapped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
