#include "tensor_write.h"

#include "kernels/scalar.h"
#include "model/graph/graph.h"

#include <stdio.h>

enum { DIMS = 1, DATA_TYPE = 2, NAME = 8, RAW_DATA = 9 };

static size_t row_of(const stored *s, size_t row)
{
    const size_t quarter = s->m->rows / GATES;
    return s->gate_row && quarter > 0 ? s->gate_row[row / quarter] + row % quarter : row;
}

static bool holds_int8(const matrix *m)
{
    if (m->type != MATRIX_INT8 && m->type != MATRIX_UINT8)
        return false;
    for (size_t r = 0; r < m->rows; r++)
        for (size_t c = 0; c < m->columns; c++)
            if (matrix_integer(m, r, c) < -127 || matrix_integer(m, r, c) > 127)
                return false;
    return true;
}

matrix_type stored_type(const matrix *m, unecho_storage storage, bool exact)
{
    if (storage == UNECHO_STORAGE_FP32)
        return MATRIX_FLOAT32;
    if (storage == UNECHO_STORAGE_FP16)
        return MATRIX_FLOAT16;
    return exact && !holds_int8(m) ? MATRIX_BFLOAT16 : MATRIX_INT8;
}

/* ---- int8 ------------------------------------------------------------------------------- */

/* Round as the int8 engine does, to a 127th of the row's largest weight. Integers that fit keep
 * their scale and are not rounded. */
static void set_scales(stored *s)
{
    const bool kept = holds_int8(s->m);
    for (size_t row = 0; row < s->m->rows; row++) {
        const size_t from = row_of(s, row);
        float most = 0;
        for (size_t c = 0; !kept && c < s->m->columns; c++) {
            const float x = fabsf(matrix_at(s->m, from, c));
            most = x > most ? x : most;
        }
        s->inverses[row] = kept ? 0 : 127.0f / most;
        s->scales[row] = kept ? matrix_scale(s->m, from) : most / 127.0f;
        /* A row that is practically zero gets a scale that every reader accepts. */
        if (!kept && !(most > 1e-28f)) {
            s->inverses[row] = 1;
            s->scales[row] = 1;
        }
    }
}

static int integer_of(const stored *s, size_t row, size_t column)
{
    const size_t from = row_of(s, row);
    return s->inverses[row] == 0 ? matrix_integer(s->m, from, column)
                                 : round_(matrix_at(s->m, from, column) * s->inverses[row]);
}

/* ---- float16 ---------------------------------------------------------------------------- */

#define FLOAT16_MAX 65504.0f

/* The nearest, ties to even. */
static uint16_t float16_bits(float x)
{
    const uint32_t bits = bits_of_float(x), sign = bits >> 16 & 0x8000u;
    const uint32_t magnitude = bits & 0x7fffffffu;
    if (fabsf(x) < 0x1p-14f)
        return (uint16_t)(sign | (uint32_t)round_(fabsf(x) * 0x1p24f));
    return (uint16_t)(sign | (magnitude + 0xfffu + (magnitude >> 13 & 1u) - (112u << 23)) >> 13);
}

static int check_range(const stored *s, const char *name, const message *to)
{
    for (size_t r = 0; r < s->m->rows; r++)
        for (size_t c = 0; c < s->m->columns; c++) {
            const float x = matrix_at(s->m, r, c);
            if (fabsf(x) > FLOAT16_MAX)
                return message_fail(to, UNECHO_ERROR_MODEL,
                                    "%s: element %zu, %zu of %s is %g, which float16 does not hold",
                                    name, r, c, s->name, (double)x);
        }
    return UNECHO_OK;
}

int stored_prepare(stored *s, const char *name, const message *to)
{
    if (s->type == MATRIX_INT8)
        set_scales(s);
    return s->type == MATRIX_FLOAT16 ? check_range(s, name, to) : UNECHO_OK;
}

/* ---- Tensors ---------------------------------------------------------------------------- */

static void put_element(pb_out *out, const stored *s, size_t row, size_t column)
{
    unsigned char bytes[4];
    uint32_t bits;
    if (s->type == MATRIX_INT8) {
        bits = (uint32_t)integer_of(s, row, column);
    } else {
        const float x = matrix_at(s->m, row_of(s, row), column);
        bits = s->type == MATRIX_FLOAT32   ? bits_of_float(x)
               : s->type == MATRIX_FLOAT16 ? float16_bits(x)
                                           : bf16_(x);
    }
    for (size_t i = 0; i < 4; i++)
        bytes[i] = (unsigned char)(bits >> 8 * i);
    pb_put(out, bytes, matrix_bytes(s->type));
}

static void put_head(pb_out *out, const char *name, int type, const size_t *dims, size_t rank)
{
    for (size_t d = 0; d < rank; d++)
        pb_put_int(out, DIMS, dims[d]);
    pb_put_int(out, DATA_TYPE, (uint64_t)type);
    pb_put_text(out, NAME, name);
}

static void put_matrix(pb_out *out, const void *what)
{
    static const int types[] = {TYPE_FLOAT, TYPE_FLOAT16, TYPE_BFLOAT16, TYPE_INT8, TYPE_UINT8};
    const stored *const s = what;
    const size_t rows = s->m->rows, columns = s->m->columns;
    const size_t dims[3] = {s->recurrent ? 1 : columns, rows, columns};
    const size_t size = rows * columns * matrix_bytes(s->type);
    char name[64];
    snprintf(name, sizeof name, "%s%s", s->name, s->type == MATRIX_FLOAT32 ? "" : "/stored");
    put_head(out, name, types[s->type], dims, s->recurrent ? 3 : 2);
    pb_put_length(out, RAW_DATA, size);
    if (!out->bytes) {
        out->used += size;
        return;
    }
    const size_t lines = s->recurrent ? rows : columns, length = s->recurrent ? columns : rows;
    for (size_t line = 0; line < lines; line++)
        for (size_t i = 0; i < length; i++)
            put_element(out, s, s->recurrent ? line : i, s->recurrent ? i : line);
}

/* n floats or integers; of floats as many more, where there are `more`, as one row. */
typedef struct list {
    const char *name;
    const float *floats, *more;
    const int64_t *ints;
    size_t n;
} list;

static void put_little_endian(pb_out *out, uint64_t bits, size_t bytes)
{
    unsigned char element[8];
    for (size_t k = 0; k < bytes; k++)
        element[k] = (unsigned char)(bits >> 8 * k);
    pb_put(out, element, bytes);
}

static void put_floats(pb_out *out, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        put_little_endian(out, bits_of_float(x[i]), 4);
}

static void put_list(pb_out *out, const void *what)
{
    const list *const l = what;
    const size_t row[2] = {1, 2 * l->n}, elements = l->more ? row[1] : l->n;
    if (l->more)
        put_head(out, l->name, TYPE_FLOAT, row, 2);
    else
        put_head(out, l->name, l->floats ? TYPE_FLOAT : TYPE_INT64, &l->n, 1);
    pb_put_length(out, RAW_DATA, elements * (l->floats ? 4 : 8));
    if (l->floats)
        put_floats(out, l->floats, l->n);
    if (l->more)
        put_floats(out, l->more, l->n);
    for (size_t i = 0; l->ints && i < l->n; i++)
        put_little_endian(out, (uint64_t)l->ints[i], 8);
}

enum { INITIALIZER = 5 }; /* of GraphProto */

void stored_put(pb_out *out, const stored *s)
{
    pb_put_message(out, INITIALIZER, put_matrix, s);
}

void stored_put_scales(pb_out *out, const stored *s)
{
    char name[64];
    snprintf(name, sizeof name, "%s/scale", s->name);
    tensor_put_floats(out, name, s->scales, s->m->rows);
}

void tensor_put_floats(pb_out *out, const char *name, const float *x, size_t n)
{
    pb_put_message(out, INITIALIZER, put_list, &(list){name, x, NULL, NULL, n});
}

void tensor_put_row(pb_out *out, const char *name, const float *first, const float *second,
                    size_t n)
{
    pb_put_message(out, INITIALIZER, put_list, &(list){name, first, second, NULL, n});
}

void tensor_put_ints(pb_out *out, const char *name, const int64_t *x, size_t n)
{
    pb_put_message(out, INITIALIZER, put_list, &(list){name, NULL, NULL, x, n});
}
