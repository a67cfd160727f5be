/*
 * The int8 engine computes with an int8 file's own integers and scales: it packs what the file
 * holds, and nothing is rounded twice.
 */
#include "check.h"
#include "model/stage_file.h"
#include "onnx_spellings.h"
#include "onnx_writer.h"
#include "signals.h"
#include "suppress/dtln/dtln.h"
#include "tflite_writer.h"

#include <stdlib.h>
#include <string.h>

typedef struct loaded {
    bytes files[2];
    stage_weights weights[2];
    dtln *net;
} loaded;

static void read_one(loaded *l, int stage, bytes file)
{
    char text[UNECHO_MESSAGE_SIZE] = "";
    const message to = {text, sizeof text};
    l->files[stage - 1] = file;
    if (stage_file_read(&l->weights[stage - 1], stage, file.at, file.size, "int8", &to) !=
        UNECHO_OK)
        fail_msg("%s", text);
}

static void build(loaded *l)
{
    l->net = dtln_build(kernels_at(0), DTLN_INT8, l->weights);
    assert_non_null(l->net);
}

static void unload(loaded *l)
{
    for (size_t i = 0; i < 2; i++) {
        free(l->weights[i].vectors);
        free(l->files[i].at);
    }
    free(l->net);
}

/* Where row `row` of a matrix is among the packed ones: 16 units of each gate at a time. */
static size_t packed_row(const dense *layer, size_t row, int gates)
{
    if (!gates)
        return row;
    const size_t units = layer->rows / GATES, unit = row % units;
    return unit / 16 * PANEL_ROWS + row / units * 16 + unit % 16;
}

/* gate_row: as in lstm_weights; NULL: rows keep their order. Returns how many rows differ. */
static size_t differing_rows(const dense *layer, const matrix *m, const size_t *gate_row)
{
    const size_t quarter = m->rows / GATES;
    size_t differing = 0;
    for (size_t r = 0; r < m->rows; r++) {
        const size_t from = gate_row ? gate_row[r / quarter] + r % quarter : r;
        const size_t p = packed_row(layer, r, gate_row != NULL);
        const unsigned char *const panel = dense_panel(layer, p / PANEL_ROWS);
        int differs = layer->scales[p] != matrix_scale(m, from);
        for (size_t c = 0; c < m->columns; c++) {
            int packed = 0;
            if (layer->format == DENSE_INT8) {
                packed = (signed char)panel[4 * (c / 4 * PANEL_ROWS + p % PANEL_ROWS) + c % 4];
            } else {
                packed = (int)bfloat16_of(panel + 4 * (c / 2 * PANEL_ROWS + p % PANEL_ROWS) +
                                          2 * (c % 2));
            }
            differs |= packed != matrix_integer(m, from, c);
        }
        differing += (size_t)differs;
    }
    return differing;
}

static void check_all(const loaded *l)
{
    for (size_t s = 0; s < 2; s++) {
        const stage_weights *const w = &l->weights[s];
        const dtln_stage *const stage = &l->net->stages[s];
        for (size_t i = 0; i < 2; i++) {
            const lstm_weights *const from = &w->lstm[i];
            assert_int_equal(differing_rows(&stage->lstm[i].input, &from->input, from->gate_row),
                             0);
            assert_int_equal(
                differing_rows(&stage->lstm[i].recurrent, &from->recurrent, from->gate_row), 0);
        }
        assert_int_equal(differing_rows(&stage->dense, &w->dense, NULL), 0);
    }
    const stage_weights *const w = &l->weights[1];
    assert_int_equal(differing_rows(&l->net->stages[1].encoder, &w->encoder, NULL), 0);
    assert_int_equal(differing_rows(&l->net->stages[1].decoder, &w->decoder, NULL), 0);
}

static bytes small_tflite(int stage, int with_smallest)
{
    enum { UNITS = 20 };
    tflite_model *const m = tflite_new(stage, UNITS, 1, 3);
    for (size_t i = 0; i < m->tensor_count; i++)
        for (size_t k = 0; m->tensors[i].scales > 0 && k < m->tensors[i].size; k++)
            if (m->tensors[i].data[k] == 128)
                m->tensors[i].data[k] = 129;
    if (with_smallest)
        tflite_find(m, "dense/W")->data[5] = 128;
    const bytes file = tflite_write(m);
    tflite_free(m);
    return file;
}

static void packs_what_tflite_files_hold(void **state)
{
    (void)state;
    loaded l;
    for (int stage = 1; stage <= 2; stage++)
        read_one(&l, stage, small_tflite(stage, 0));
    build(&l);
    check_all(&l);
    unload(&l);
}

/* Not every instruction set multiplies -128 exactly: that matrix is rounded again. */
static void rounds_where_an_integer_does_not_fit(void **state)
{
    (void)state;
    loaded l;
    for (int stage = 1; stage <= 2; stage++)
        read_one(&l, stage, small_tflite(stage, 1));
    build(&l);
    assert_true(differing_rows(&l.net->stages[0].dense, &l.weights[0].dense, NULL) > 200);
    const lstm_weights *const first = &l.weights[0].lstm[0];
    assert_int_equal(
        differing_rows(&l.net->stages[0].lstm[0].input, &first->input, first->gate_row), 0);
    unload(&l);
}

static void packs_what_reference_files_hold(void **state)
{
    (void)state;
    need_reference();
    static const unsigned units[] = {128, 256};
    for (size_t i = 0; i < 2; i++) {
        loaded l;
        for (int stage = 1; stage <= 2; stage++)
            read_one(
                &l, stage,
                read_bytes(reference_path("models/dtln_aec_%u_quant_%d.tflite", units[i], stage)));
        build(&l);
        check_all(&l);
        unload(&l);
    }
}

/*
 * ONNX: with one scale and one for each output, signed and unsigned, with and without LSTM
 * operators.
 */
static void packs_what_onnx_files_hold(void **state)
{
    (void)state;
    size_t tried = 0;
    for (size_t i = 0; i < spellings_count; i++) {
        if (spellings[i].rounding < ROUND_TO_INT8)
            continue;
        loaded l;
        for (int stage = 1; stage <= 2; stage++) {
            proto *model = spelled_model(stage, &spellings[i]);
            read_one(&l, stage, proto_write(model));
            proto_free(model);
        }
        build(&l);
        check_all(&l);
        unload(&l);
        tried++;
    }
    assert_int_equal(tried, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packs_what_tflite_files_hold),
        cmocka_unit_test(rounds_where_an_integer_does_not_fit),
        cmocka_unit_test(packs_what_reference_files_hold),
        cmocka_unit_test(packs_what_onnx_files_hold),
    };
    return cmocka_run_group_tests_name("int8_files", tests, NULL, NULL);
}
