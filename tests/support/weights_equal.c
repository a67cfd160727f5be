#include "weights_equal.h"

#include "check.h"

#include <string.h>

static void check_floats(const char *what, const float *a, const float *b, size_t n)
{
    if (memcmp(a, b, n * sizeof *a) != 0)
        fail_msg("%s differs", what);
}

static uint32_t bits_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

void check_matrix_rows(const char *what, const matrix *a, size_t row_a, const matrix *b,
                       size_t row_b, size_t rows)
{
    assert_int_equal(a->columns, b->columns);
    assert_true(row_a + rows <= a->rows && row_b + rows <= b->rows);
    for (size_t r = 0; r < rows; r++) {
        for (size_t c = 0; c < a->columns; c++) {
            const float x = matrix_at(a, row_a + r, c);
            const float y = matrix_at(b, row_b + r, c);
            if (bits_of(x) != bits_of(y))
                fail_msg("%s: element %zu, %zu differs: %g and %g", what, r, c, (double)x,
                         (double)y);
        }
    }
}

static void check_lstm(const lstm_weights *a, const lstm_weights *b, size_t units)
{
    for (size_t i = 0; i < GATES; i++) {
        check_matrix_rows("W", &a->input, a->gate_row[i], &b->input, b->gate_row[i], units);
        check_matrix_rows("U", &a->recurrent, a->gate_row[i], &b->recurrent, b->gate_row[i], units);
    }
    check_floats("LSTM bias", a->bias, b->bias, 4 * units);
}

void check_weights(const stage_weights *a, const stage_weights *b)
{
    const size_t n = a->features;
    assert_int_equal(a->units, b->units);
    assert_int_equal(n, b->features);
    check_floats("gamma, main", a->norm_main.gamma, b->norm_main.gamma, n);
    check_floats("beta, main", a->norm_main.beta, b->norm_main.beta, n);
    check_floats("gamma, far end", a->norm_far.gamma, b->norm_far.gamma, n);
    check_floats("beta, far end", a->norm_far.beta, b->norm_far.beta, n);
    for (size_t i = 0; i < 2; i++)
        check_lstm(&a->lstm[i], &b->lstm[i], a->units);
    assert_int_equal(a->dense.rows, n);
    check_matrix_rows("dense", &a->dense, 0, &b->dense, 0, n);
    check_floats("dense bias", a->dense_bias, b->dense_bias, n);
    assert_int_equal(a->encoder.rows, n == 512 ? 512 : 0);
    check_matrix_rows("encoder", &a->encoder, 0, &b->encoder, 0, a->encoder.rows);
    check_matrix_rows("decoder", &a->decoder, 0, &b->decoder, 0, a->decoder.rows);
}
