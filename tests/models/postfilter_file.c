/*
 * Files of the post-filter: they are read whatever their names and order, written as what they
 * were, and refused with the reason; no damage makes the reader crash, leak or read beyond its
 * bytes (run this under AddressSanitizer).
 */
#include "check.h"
#include "model/stage_file.h"
#include "model/write/postfilter_write.h"
#include "onnx_postfilter.h"
#include "signals.h"
#include "unecho_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LENGTH = 16000, CHANGES = 2000 };

static int read_bytes_as(postfilter_weights *w, const bytes *file, char *text)
{
    const message to = {text, UNECHO_MESSAGE_SIZE};
    text[0] = 0;
    return postfilter_file_read(w, file->at, file->size, "some.onnx", &to);
}

/* ---- Reading ---------------------------------------------------------------------------- */

static void assert_same_matrix(const matrix *a, const matrix *b)
{
    assert_int_equal(a->rows, b->rows);
    assert_int_equal(a->columns, b->columns);
    for (size_t r = 0; r < a->rows; r++)
        for (size_t c = 0; c < a->columns; c++)
            assert_true(matrix_at(a, r, c) == matrix_at(b, r, c));
}

static void assert_same_weights(const postfilter_weights *a, const postfilter_weights *b)
{
    const size_t units = a->units, vector = sizeof(float) * units;
    assert_int_equal(b->units, units);
    assert_same_matrix(&a->input, &b->input);
    assert_same_matrix(&a->output, &b->output);
    assert_memory_equal(a->input_bias, b->input_bias, vector);
    assert_memory_equal(a->output_bias, b->output_bias, a->output.rows * sizeof(float));
    for (size_t i = 0; i < POSTFILTER_LAYERS; i++) {
        assert_same_matrix(&a->gru[i].input, &b->gru[i].input);
        assert_same_matrix(&a->gru[i].recurrent, &b->gru[i].recurrent);
        assert_memory_equal(a->gru[i].bias, b->gru[i].bias, 3 * vector);
        assert_memory_equal(a->gru[i].recurrent_bias, b->gru[i].recurrent_bias, 3 * vector);
    }
}

/* Takes the tree over. */
static void assert_reads_the_same(proto *other)
{
    char text[UNECHO_MESSAGE_SIZE];
    postfilter_weights expected, found;
    const bytes plain = read_bytes(POSTFILTER_FILE), file = proto_write(other);
    proto_free(other);
    assert_int_equal(read_bytes_as(&expected, &plain, text), UNECHO_OK);
    if (read_bytes_as(&found, &file, text) != UNECHO_OK)
        fail_msg("%s", text);
    assert_same_weights(&expected, &found);
    free(expected.vectors);
    free(found.vectors);
    free(plain.at);
    free(file.at);
}

static void names_and_order_do_not_matter(void **unused)
{
    (void)unused;
    for (uint32_t seed = 1; seed <= 8; seed++) {
        proto *const model = our_postfilter();
        uint32_t state = seed;
        rename_all(model, &state);
        shuffle_all(model, &state);
        assert_reads_the_same(model);
    }
}

static void other_spellings(void **unused)
{
    (void)unused;
    assert_reads_the_same(postfilter_from_steps());
    assert_reads_the_same(postfilter_with_gemm());
}

/* The gains of a file that does not tell whether the near end talks; what is written of it does not
 * either. */
static void the_near_end_may_be_missing(void **unused)
{
    (void)unused;
    char text[UNECHO_MESSAGE_SIZE];
    postfilter_weights now, old;
    proto *const model = postfilter_of_old();
    const bytes today = read_bytes(POSTFILTER_FILE), file = proto_write(model);
    proto_free(model);
    if (read_bytes_as(&now, &today, text) != UNECHO_OK ||
        read_bytes_as(&old, &file, text) != UNECHO_OK)
        fail_msg("%s", text);
    assert_int_equal(now.output.rows, POSTFILTER_OUTPUTS);
    assert_int_equal(old.output.rows, POSTFILTER_BANDS);
    now.output.rows = POSTFILTER_BANDS;
    assert_same_weights(&now, &old);

    const message to = {text, sizeof text};
    bytes again = {malloc(file.size + 4096), 0};
    assert_int_equal(postfilter_write(&old, UNECHO_STORAGE_FP32, "old", again.at, file.size + 4096,
                                      &again.size, &to),
                     UNECHO_OK);
    postfilter_weights reread;
    assert_int_equal(read_bytes_as(&reread, &again, text), UNECHO_OK);
    assert_same_weights(&old, &reread);
    free(reread.vectors);
    free(again.at);
    free(now.vectors);
    free(old.vectors);
    free(today.at);
    free(file.at);
}

/* ---- Writing ---------------------------------------------------------------------------- */

static unecho_model *load(const bytes *file)
{
    char text[UNECHO_MESSAGE_SIZE];
    unecho_model *model = NULL;
    if (unecho_model_load_memory(&model, file->at, file->size, NULL, 0, text, sizeof text) < 0)
        fail_msg("%s", text);
    return model;
}

static bytes written(const unecho_model *model, unecho_storage storage)
{
    bytes file = {NULL, 0};
    assert_int_equal(unecho_model_write(model, 1, storage, NULL, 0, &file.size, NULL, 0),
                     UNECHO_OK);
    file.at = malloc(file.size);
    size_t size = 0;
    assert_int_equal(unecho_model_write(model, 1, storage, file.at, file.size, &size, NULL, 0),
                     UNECHO_OK);
    assert_int_equal(size, file.size);
    return file;
}

static float *run(unecho_model *model, unecho_precision precision, const ends *e)
{
    unecho_config config;
    unecho_config_init(&config);
    config.model = model;
    config.precision = precision;
    unecho *stream = NULL;
    assert_int_equal(unecho_open(&stream, &config), UNECHO_OK);
    float *const out = malloc(LENGTH * sizeof *out);
    assert_int_equal(unecho_process(stream, e->mic.samples, e->far.samples, out, LENGTH),
                     UNECHO_OK);
    unecho_close(&stream);
    return out;
}

/* How far what is written in a storage is from the source, in dB; precision: of the engine. */
static double distance_db(unecho_storage storage, unecho_precision precision)
{
    unecho_model *source = NULL;
    assert_int_equal(unecho_model_builtin(&source, UNECHO_MODEL_POSTFILTER, NULL, 0), UNECHO_OK);
    const bytes file = written(source, storage);
    unecho_model *copy = load(&file);
    ends e = double_talk(LENGTH);
    float *const x = run(source, precision, &e), *const y = run(copy, precision, &e);
    const double db = snr_db(x, y, LENGTH);
    const int equal = memcmp(x, y, LENGTH * sizeof *x) == 0;
    print_message("storage %d, precision %d: %zu bytes, %.1f dB\n", storage, precision, file.size,
                  db);
    free(x);
    free(y);
    free_ends(&e);
    free(file.at);
    unecho_model_unref(&copy);
    unecho_model_unref(&source);
    return equal ? 1e9 : db;
}

static void what_is_written_is_the_model(void **unused)
{
    (void)unused;
    const double same = 1e9;
    assert_true(distance_db(UNECHO_STORAGE_FP32, UNECHO_PRECISION_FP32) == same);
    assert_true(distance_db(UNECHO_STORAGE_FP32, UNECHO_PRECISION_BF16) == same);
    assert_true(distance_db(UNECHO_STORAGE_FP16, UNECHO_PRECISION_FP32) > 60.0);
    assert_true(distance_db(UNECHO_STORAGE_INT8, UNECHO_PRECISION_INT8) == same);
}

/* Reading and writing what was written changes nothing. */
static void writes_the_same_bytes_again(void **unused)
{
    (void)unused;
    const bytes whole = read_bytes(POSTFILTER_FILE);
    unecho_model *first = load(&whole);
    bytes again = written(first, UNECHO_STORAGE_FP32);
    unecho_model *second = load(&again);
    const bytes once_more = written(second, UNECHO_STORAGE_FP32);
    assert_int_equal(once_more.size, again.size);
    assert_memory_equal(once_more.at, again.at, again.size);
    free(whole.at);
    free(again.at);
    free(once_more.at);
    unecho_model_unref(&first);
    unecho_model_unref(&second);
}

static void any_room_will_do(void **unused)
{
    (void)unused;
    unecho_model *source = NULL;
    assert_int_equal(unecho_model_builtin(&source, UNECHO_MODEL_POSTFILTER, NULL, 0), UNECHO_OK);
    bytes whole = written(source, UNECHO_STORAGE_INT8);
    for (size_t room = 0; room < whole.size; room += 20011) {
        unsigned char *const at = malloc(room > 0 ? room : 1);
        size_t size = 0;
        assert_int_equal(
            unecho_model_write(source, 1, UNECHO_STORAGE_INT8, at, room, &size, NULL, 0),
            UNECHO_OK);
        assert_int_equal(size, whole.size);
        assert_memory_equal(at, whole.at, room);
        free(at);
    }
    size_t size = 0;
    assert_int_equal(unecho_model_write(source, 2, UNECHO_STORAGE_FP32, NULL, 0, &size, NULL, 0),
                     UNECHO_ERROR_ARGUMENT);
    free(whole.at);
    unecho_model_unref(&source);
}

/* ---- Refusing --------------------------------------------------------------------------- */

/* The status, and a message that names the file and has the words. Takes the tree over. */
static void refused(proto *model, int status, const char *words)
{
    char text[UNECHO_MESSAGE_SIZE];
    postfilter_weights w;
    const bytes file = proto_write(model);
    proto_free(model);
    const int found = read_bytes_as(&w, &file, text);
    free(file.at);
    if (found != status || strncmp(text, "some.onnx: ", strlen("some.onnx: ")) != 0 ||
        !strstr(text, words))
        fail_msg("status %d, expected %d and '%s': %s", found, status, words, text);
}

static proto *gru(const proto *model, size_t k)
{
    return node_of_op(model, "GRU", k);
}

static void set_dim(const proto *model, uint32_t ports, size_t k, size_t d, uint64_t value)
{
    const proto *const shape = shape_of_port(port_of(model, ports, k));
    proto_find(proto_find(shape, 1, d)->child, 1, 0)->value = value;
}

static void what_is_wrong_is_named(void **unused)
{
    (void)unused;
    const int wrong = UNECHO_ERROR_MODEL;
    proto *model = our_postfilter();
    set_dim(model, GRAPH_INPUT, 0, 1, 491);
    refused(model, wrong, "this is no post-filter");

    model = our_postfilter();
    set_dim(model, GRAPH_INPUT, 1, 2, 130);
    refused(model, wrong, "130 GRU units, expected a multiple of 4");

    model = our_postfilter();
    set_dim(model, GRAPH_INPUT, 1, 0, 3);
    refused(model, wrong, "expected a vector of 490 and states [2, 1, units]");

    model = our_postfilter();
    drop(graph_of(model), port_of(model, GRAPH_OUTPUT, 1));
    refused(model, wrong, "no graph output has the states");

    model = our_postfilter();
    drop(graph_of(model), port_of(model, GRAPH_OUTPUT, 2));
    drop(graph_of(model), port_of(model, GRAPH_OUTPUT, 1));
    refused(model, wrong, "1 graph outputs, expected 2 or 3");

    /* The first of the sigmoids, not the last. */
    model = our_postfilter();
    static const int64_t turned[] = {1, POSTFILTER_BANDS};
    memcpy(proto_find(tensor_of(model, "output/sizes"), TENSOR_RAW, 0)->data.at, turned,
           sizeof turned);
    proto *const split = node_making(model, "near_end");
    proto_set_text(proto_find(split, NODE_OUTPUT, 0), "near_end");
    proto_set_text(proto_find(split, NODE_OUTPUT, 1), "gains");
    refused(model, wrong, "expected what follows the gains in one sigmoid here");

    model = our_postfilter();
    proto_set_text(proto_find(gru(model, 0), NODE_OP, 0), "RNN");
    refused(model, wrong, "unecho does not read this operator");

    model = our_postfilter();
    proto_find(attribute_of(gru(model, 1), "linear_before_reset"), ATTRIBUTE_I, 0)->value = 0;
    refused(model, wrong, "linear_before_reset");

    model = our_postfilter();
    proto_set_text(proto_find(node_making(model, "input/row"), NODE_OP, 0), "Sigmoid");
    refused(model, wrong, "the tanh of the dense layer of the features");

    model = our_postfilter();
    proto_set_text(proto_find(node_making(model, "output/all"), NODE_OP, 0), "Tanh");
    refused(model, wrong, "the sigmoid that makes the gains");

    /* The layers read each other's states. */
    model = our_postfilter();
    proto_set_text(proto_find(gru(model, 0), NODE_INPUT, 5), "gru1/h");
    proto_set_text(proto_find(gru(model, 1), NODE_INPUT, 5), "gru0/h");
    refused(model, wrong, "must be that of this layer's states");

    /* The states come out in the wrong order. */
    model = our_postfilter();
    proto *const states = node_making(model, "states_out");
    proto_set_text(proto_find(states, NODE_INPUT, 0), "gru1/out");
    proto_set_text(proto_find(states, NODE_INPUT, 1), "gru0/out");
    refused(model, wrong, "part 0 of the states");

    model = our_postfilter();
    const float bad = 1.0f / 0.0f;
    memcpy(proto_find(tensor_of(model, "gru0/R"), TENSOR_RAW, 0)->data.at, &bad, sizeof bad);
    refused(model, wrong, "expected a finite number");

    model = our_postfilter();
    const float huge = 1e30f;
    memcpy(proto_find(tensor_of(model, "gru0/R"), TENSOR_RAW, 0)->data.at, &huge, sizeof huge);
    refused(model, wrong, "expected a weight of at most 100000");

    model = our_postfilter();
    proto_find(tensor_of(model, "gru0/W"), TENSOR_DIMS, 1)->value = 240;
    proto_find(tensor_of(model, "gru0/W"), TENSOR_DIMS, 2)->value = 320;
    refused(model, wrong, "widths do not match: W is");
}

/* A file of the other kind is told by what it is. */
static void kinds_are_not_mistaken(void **unused)
{
    (void)unused;
    char text[UNECHO_MESSAGE_SIZE];
    unecho_model *model = NULL;
    const char *const stage1 = UNECHO_MODELS_DIR "/unecho-128_1.onnx";
    assert_int_equal(unecho_model_load_files(&model, stage1, NULL, text, sizeof text),
                     UNECHO_ERROR_MODEL);
    assert_non_null(strstr(text, "unecho-128_1.onnx: this is no post-filter"));
    assert_int_equal(unecho_model_load_files(&model, stage1, POSTFILTER_FILE, text, sizeof text),
                     UNECHO_ERROR_MODEL);
    assert_non_null(strstr(text, "unecho-post.onnx: this is a post-filter, a model of one file"));
    assert_null(model);
    assert_int_equal(unecho_model_load(&model, UNECHO_MODELS_DIR "/unecho-post", NULL, 0),
                     UNECHO_OK);
    unecho_model_unref(&model);
    assert_int_equal(unecho_model_load(&model, POSTFILTER_FILE, NULL, 0), UNECHO_OK);
    unecho_model_unref(&model);
    assert_int_equal(unecho_model_load_memory(&model, "x", 1, NULL, 0, text, sizeof text),
                     UNECHO_ERROR_FORMAT);
    assert_null(model);

    unecho_model_file_info info = {.size = sizeof info};
    assert_int_equal(unecho_model_inspect_file(POSTFILTER_FILE, &info, NULL, 0), UNECHO_OK);
    assert_int_equal(info.kind, UNECHO_MODEL_POSTFILTER);
    assert_int_equal(info.file, 1);
    assert_int_equal(info.units, 160);
    assert_int_equal(info.parameters, 409831);
    assert_string_equal(info.storage, "fp32");
    assert_non_null(strstr(info.operator_counts, "GRU 2"));
}

/* ---- Damage ----------------------------------------------------------------------------- */

/* In memory of exactly that size. Returns the status. */
static int read_exactly(const unsigned char *at, size_t size)
{
    char text[UNECHO_MESSAGE_SIZE];
    postfilter_weights w;
    bytes exact = {malloc(size > 0 ? size : 1), size};
    memcpy(exact.at, at, size);
    const int status = read_bytes_as(&w, &exact, text);
    if (status == UNECHO_OK)
        free(w.vectors);
    else if (strncmp(text, "some.onnx: ", strlen("some.onnx: ")) != 0)
        fail_msg("status %d without a message: '%s'", status, text);
    free(exact.at);
    return status;
}

static void truncated(void **unused)
{
    (void)unused;
    proto *const model = small_postfilter();
    const bytes file = proto_write(model);
    proto_free(model);
    assert_int_equal(read_exactly(file.at, file.size), UNECHO_OK);
    for (size_t size = 0; size < file.size; size += size < file.size - 400 ? 7 : 1)
        assert_int_equal(read_exactly(file.at, size), UNECHO_ERROR_FORMAT);
    free(file.at);
}

static void bytes_changed(void **unused)
{
    (void)unused;
    static const unsigned char extremes[] = {0, 1, 127, 128, 255};
    uint32_t seed = 7;
    proto *const model = small_postfilter();
    const bytes file = proto_write(model);
    proto_free(model);
    unsigned harmless = 0;
    for (size_t i = 0; i < CHANGES; i++) {
        /* The structure: the nodes at the beginning, the heads of tensors everywhere. */
        const size_t part = i % 2 ? file.size : 1400;
        unsigned char *const at = file.at + random_bits(&seed) % part;
        const unsigned char kept = *at;
        *at = (unsigned char)(i % 3 ? extremes[random_bits(&seed) % 5]
                                    : kept ^ 1u << random_bits(&seed) % 8);
        harmless += read_exactly(file.at, file.size) == UNECHO_OK;
        *at = kept;
    }
    print_message("%u of %d changes are harmless\n", harmless, CHANGES);
    assert_true(harmless < CHANGES);
    free(file.at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_order_do_not_matter),
        cmocka_unit_test(other_spellings),
        cmocka_unit_test(the_near_end_may_be_missing),
        cmocka_unit_test(what_is_written_is_the_model),
        cmocka_unit_test(writes_the_same_bytes_again),
        cmocka_unit_test(any_room_will_do),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(kinds_are_not_mistaken),
        cmocka_unit_test(truncated),
        cmocka_unit_test(bytes_changed),
    };
    return cmocka_run_group_tests_name("postfilter_file", tests, NULL, NULL);
}
