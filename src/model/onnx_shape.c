/*
 * The static shape of every value that the outputs depend on, operator by operator, and with it
 * the check that widths match. Knows the rules of ONNX; computes no value.
 */
#include "onnx.h"

#include <unecho.h>

#include <string.h>

#define MODEL UNECHO_ERROR_MODEL

static const onnx_shape *in_shape(const onnx_graph *g, const onnx_node *n, size_t k)
{
    return &g->values[onnx_in(g, n, k)].shape;
}

static int set_output(onnx_graph *g, const onnx_node *n, size_t k, size_t rank, const size_t *dims)
{
    if (k >= n->outputs)
        return onnx_fail_node(g, n, UNECHO_ERROR_FORMAT, "no output %zu", k);
    onnx_value *v = &g->values[n->first_output + k];
    if (rank > ONNX_RANK_MAX)
        return onnx_fail_node(g, n, MODEL, "its output has more than 8 dims");
    if (!onnx_shape_set(&v->shape, rank, dims))
        return onnx_fail_node(g, n, MODEL, "its output %s is larger than any model needs",
                              onnx_shape_label(&v->shape).text);
    if (v->shape.elements == 0)
        return onnx_fail_node(g, n, MODEL, "its output %s has no elements",
                              onnx_shape_label(&v->shape).text);
    v->shaped = true;
    return UNECHO_OK;
}

static int same_shape(onnx_graph *g, const onnx_node *n)
{
    const onnx_shape *in = in_shape(g, n, 0);
    return set_output(g, n, 0, in->rank, in->dims);
}

static bool axis_of(int64_t axis, size_t rank, size_t *found)
{
    if (axis < 0)
        axis += (int64_t)rank;
    if (axis < 0 || (size_t)axis >= rank)
        return false;
    *found = (size_t)axis;
    return true;
}

static int axis_attribute(const onnx_graph *g, onnx_node *n, int64_t otherwise, size_t rank)
{
    const int64_t axis = onnx_attribute_int(g, n, "axis", otherwise);
    if (axis_of(axis, rank, &n->axis))
        return UNECHO_OK;
    return onnx_fail_node(g, n, MODEL, "axis %lld of a tensor with %zu dims", (long long)axis,
                          rank);
}

/* A parameter that is a list of integers: an input in later opsets, an attribute in earlier. */
typedef struct integers {
    int64_t at[ONNX_LIST_MAX];
    size_t count;
    bool given;
} integers;

static int read_integers(const onnx_graph *g, const onnx_node *n, size_t input,
                         const char *attribute, integers *list)
{
    const size_t value = onnx_in(g, n, input);
    list->count = 0;
    list->given = value != ONNX_NONE;
    if (list->given) {
        const onnx_value *v = &g->values[value];
        if (v->from != ONNX_FROM_TENSOR)
            return onnx_fail_node(g, n, MODEL, "its %s '%s' was expected to be constant", attribute,
                                  onnx_label_of(v->name).text);
        if (!onnx_tensor_ints(&g->tensors[v->index], list->at, &list->count))
            return onnx_fail_node(g, n, MODEL, "its %s '%s' was expected to be a few integers",
                                  attribute, onnx_label_of(v->name).text);
        return UNECHO_OK;
    }
    const onnx_attribute *a = onnx_attribute_of(g, n, attribute);
    list->given = a != NULL;
    if (a && !onnx_attribute_ints(a, list->at, &list->count))
        return onnx_fail_node(g, n, MODEL, "more %s than dims", attribute);
    return UNECHO_OK;
}

/* The same, each one an axis of a tensor with rank dims. */
static int read_axes(const onnx_graph *g, const onnx_node *n, size_t rank, integers *list,
                     bool *chosen)
{
    const int status = read_integers(g, n, 1, "axes", list);
    memset(chosen, 0, ONNX_RANK_MAX * sizeof *chosen);
    for (size_t i = 0; status == UNECHO_OK && i < list->count; i++) {
        size_t axis = 0;
        if (!axis_of(list->at[i], rank, &axis))
            return onnx_fail_node(g, n, MODEL, "axis %lld of a tensor with %zu dims",
                                  (long long)list->at[i], rank);
        if (chosen[axis])
            return onnx_fail_node(g, n, MODEL, "axis %zu twice", axis);
        chosen[axis] = true;
    }
    return status;
}

/* ---- Arithmetic ------------------------------------------------------------------------- */

static bool broadcast(const onnx_shape *a, const onnx_shape *b, onnx_shape *to)
{
    const size_t rank = a->rank > b->rank ? a->rank : b->rank;
    size_t dims[ONNX_RANK_MAX] = {0};
    for (size_t d = 0; d < rank; d++) {
        const size_t x = d + a->rank >= rank ? a->dims[d + a->rank - rank] : 1;
        const size_t y = d + b->rank >= rank ? b->dims[d + b->rank - rank] : 1;
        if (x != y && x != 1 && y != 1)
            return false;
        dims[d] = x == 1 ? y : x;
    }
    return onnx_shape_set(to, rank, dims);
}

static int mismatch(const onnx_graph *g, const onnx_node *n)
{
    return onnx_fail_node(g, n, MODEL, "widths do not match: %s and %s",
                          onnx_shape_label(in_shape(g, n, 0)).text,
                          onnx_shape_label(in_shape(g, n, 1)).text);
}

static int infer_pair(onnx_graph *g, const onnx_node *n)
{
    onnx_shape to;
    if (!broadcast(in_shape(g, n, 0), in_shape(g, n, 1), &to))
        return mismatch(g, n);
    return set_output(g, n, 0, to.rank, to.dims);
}

static int infer_matmul(onnx_graph *g, const onnx_node *n)
{
    const onnx_shape *a = in_shape(g, n, 0);
    const onnx_shape *b = in_shape(g, n, 1);
    if (a->rank == 0 || b->rank == 0)
        return mismatch(g, n);
    const size_t inner = a->dims[a->rank - 1];
    if (inner != b->dims[b->rank > 1 ? b->rank - 2 : 0])
        return mismatch(g, n);
    onnx_shape outer_a, outer_b, to;
    onnx_shape_set(&outer_a, a->rank > 2 ? a->rank - 2 : 0, a->dims);
    onnx_shape_set(&outer_b, b->rank > 2 ? b->rank - 2 : 0, b->dims);
    if (!broadcast(&outer_a, &outer_b, &to))
        return mismatch(g, n);
    if (a->rank > 1)
        to.dims[to.rank++] = a->dims[a->rank - 2];
    if (b->rank > 1)
        to.dims[to.rank++] = b->dims[b->rank - 1];
    return set_output(g, n, 0, to.rank, to.dims);
}

static int infer_gemm(onnx_graph *g, const onnx_node *n)
{
    const onnx_shape *a = in_shape(g, n, 0);
    const onnx_shape *b = in_shape(g, n, 1);
    const bool ta = onnx_attribute_int(g, n, "transA", 0) != 0;
    const bool tb = onnx_attribute_int(g, n, "transB", 0) != 0;
    if (a->rank != 2 || b->rank != 2 || a->dims[!ta] != b->dims[tb])
        return mismatch(g, n);
    const size_t dims[2] = {a->dims[ta], b->dims[!tb]};
    const int status = set_output(g, n, 0, 2, dims);
    if (status != UNECHO_OK || onnx_in(g, n, 2) == ONNX_NONE)
        return status;
    const onnx_shape *to = &g->values[n->first_output].shape;
    onnx_shape sum;
    if (broadcast(in_shape(g, n, 2), to, &sum) && sum.elements == to->elements && sum.rank == 2)
        return UNECHO_OK;
    return onnx_fail_node(g, n, MODEL, "widths do not match: %s is added to %s",
                          onnx_shape_label(in_shape(g, n, 2)).text, onnx_shape_label(to).text);
}

static bool all_are(const integers *list, int64_t value)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->at[i] != value)
            return false;
    return true;
}

/* Only the convolution that is a matrix product at each place. */
static int infer_conv(onnx_graph *g, const onnx_node *n)
{
    const onnx_shape *x = in_shape(g, n, 0);
    const onnx_shape *w = in_shape(g, n, 1);
    integers strides, pads;
    int status = read_integers(g, n, SIZE_MAX, "strides", &strides);
    if (status == UNECHO_OK)
        status = read_integers(g, n, SIZE_MAX, "pads", &pads);
    if (status != UNECHO_OK)
        return status;
    if (x->rank < 3 || x->rank != w->rank || x->dims[1] != w->dims[1])
        return mismatch(g, n);
    size_t kernel = 1;
    for (size_t d = 2; d < w->rank; d++)
        kernel *= w->dims[d];
    if (kernel != 1 || onnx_attribute_int(g, n, "group", 1) != 1 || !all_are(&strides, 1) ||
        !all_are(&pads, 0))
        return onnx_fail_node(g, n, MODEL,
                              "kernel of %s, expected a convolution of size 1 with group 1, "
                              "strides 1 and no padding",
                              onnx_shape_label(w).text);
    size_t dims[ONNX_RANK_MAX];
    memcpy(dims, x->dims, sizeof dims);
    dims[1] = w->dims[0];
    status = set_output(g, n, 0, x->rank, dims);
    if (status != UNECHO_OK || onnx_in(g, n, 2) == ONNX_NONE)
        return status;
    const onnx_shape *bias = in_shape(g, n, 2);
    if (bias->rank == 1 && bias->dims[0] == w->dims[0])
        return UNECHO_OK;
    return onnx_fail_node(g, n, MODEL, "widths do not match: bias %s of kernel %s",
                          onnx_shape_label(bias).text, onnx_shape_label(w).text);
}

static int infer_reduce(onnx_graph *g, const onnx_node *n)
{
    const onnx_shape *in = in_shape(g, n, 0);
    integers axes;
    bool chosen[ONNX_RANK_MAX];
    const int status = read_axes(g, n, in->rank, &axes, chosen);
    if (status != UNECHO_OK)
        return status;
    if (axes.count == 0 && onnx_attribute_int(g, n, "noop_with_empty_axes", 0) != 0)
        return same_shape(g, n);
    const bool keep = onnx_attribute_int(g, n, "keepdims", 1) != 0;
    size_t dims[ONNX_RANK_MAX] = {0};
    size_t rank = 0;
    for (size_t d = 0; d < in->rank; d++) {
        if (axes.count > 0 && !chosen[d])
            dims[rank++] = in->dims[d];
        else if (keep)
            dims[rank++] = 1;
    }
    return set_output(g, n, 0, rank, dims);
}

static int infer_pool(onnx_graph *g, const onnx_node *n)
{
    const onnx_shape *in = in_shape(g, n, 0);
    size_t dims[ONNX_RANK_MAX];
    if (in->rank < 3)
        return onnx_fail_node(g, n, MODEL, "input %s, expected 3 dims or more",
                              onnx_shape_label(in).text);
    for (size_t d = 0; d < in->rank; d++)
        dims[d] = d < 2 ? in->dims[d] : 1;
    return set_output(g, n, 0, in->rank, dims);
}

static int infer_layer_normalization(onnx_graph *g, onnx_node *n)
{
    const int status = axis_attribute(g, n, -1, in_shape(g, n, 0)->rank);
    return status == UNECHO_OK ? same_shape(g, n) : status;
}

/* ---- Movement --------------------------------------------------------------------------- */

static int infer_cast(onnx_graph *g, const onnx_node *n)
{
    const int64_t to = onnx_attribute_int(g, n, "to", 0);
    if (to != ONNX_FLOAT)
        return onnx_fail_node(g, n, MODEL, "a cast to %s, expected float32",
                              onnx_type_name((uint64_t)to));
    return same_shape(g, n);
}

static int infer_reshape(onnx_graph *g, const onnx_node *n)
{
    const onnx_shape *in = in_shape(g, n, 0);
    integers to;
    const int status = read_integers(g, n, 1, "shape", &to);
    if (status != UNECHO_OK)
        return status;
    size_t dims[ONNX_RANK_MAX] = {0};
    size_t known = 1, open = ONNX_NONE;
    bool fits = to.count <= ONNX_RANK_MAX;
    for (size_t d = 0; fits && d < to.count; d++) {
        if (to.at[d] == -1 && open == ONNX_NONE) {
            open = d;
            dims[d] = 1;
        } else if (to.at[d] == 0 && onnx_attribute_int(g, n, "allowzero", 0) == 0) {
            dims[d] = d < in->rank ? in->dims[d] : 0;
        } else {
            dims[d] = to.at[d] > 0 && to.at[d] <= INT32_MAX ? (size_t)to.at[d] : 0;
        }
        fits = dims[d] > 0 && dims[d] <= in->elements / known;
        known *= fits ? dims[d] : 1;
    }
    if (fits && open != ONNX_NONE) {
        dims[open] = in->elements / known;
        known *= dims[open];
    }
    if (!fits || known != in->elements)
        return onnx_fail_node(g, n, MODEL, "widths do not match: %s cannot take the shape of '%s'",
                              onnx_shape_label(in).text,
                              onnx_label_of(g->names[n->first_input + 1]).text);
    return set_output(g, n, 0, to.count, dims);
}

static int infer_squeeze(onnx_graph *g, const onnx_node *n)
{
    const onnx_shape *in = in_shape(g, n, 0);
    integers axes;
    bool chosen[ONNX_RANK_MAX];
    const int status = read_axes(g, n, in->rank, &axes, chosen);
    if (status != UNECHO_OK)
        return status;
    size_t dims[ONNX_RANK_MAX] = {0};
    size_t rank = 0;
    for (size_t d = 0; d < in->rank; d++) {
        if (axes.given ? !chosen[d] : in->dims[d] != 1)
            dims[rank++] = in->dims[d];
        else if (in->dims[d] != 1)
            return onnx_fail_node(g, n, MODEL, "it squeezes axis %zu of %s", d,
                                  onnx_shape_label(in).text);
    }
    return set_output(g, n, 0, rank, dims);
}

static int infer_unsqueeze(onnx_graph *g, const onnx_node *n)
{
    const onnx_shape *in = in_shape(g, n, 0);
    integers axes;
    bool chosen[ONNX_RANK_MAX];
    int status = read_integers(g, n, 1, "axes", &axes);
    if (status != UNECHO_OK)
        return status;
    const size_t rank = in->rank + axes.count;
    if (!axes.given || rank > ONNX_RANK_MAX)
        return onnx_fail_node(g, n, MODEL, "%zu axes inserted into %s", axes.count,
                              onnx_shape_label(in).text);
    status = read_axes(g, n, rank, &axes, chosen);
    if (status != UNECHO_OK)
        return status;
    size_t dims[ONNX_RANK_MAX] = {0};
    for (size_t d = 0, from = 0; d < rank; d++)
        dims[d] = chosen[d] ? 1 : in->dims[from++];
    return set_output(g, n, 0, rank, dims);
}

static int infer_flatten(onnx_graph *g, const onnx_node *n)
{
    const onnx_shape *in = in_shape(g, n, 0);
    int64_t axis = onnx_attribute_int(g, n, "axis", 1);
    if (axis < 0)
        axis += (int64_t)in->rank;
    if (axis < 0 || axis > (int64_t)in->rank)
        return onnx_fail_node(g, n, MODEL, "axis %lld of %s", (long long)axis,
                              onnx_shape_label(in).text);
    size_t dims[2] = {1, 1};
    for (size_t d = 0; d < in->rank; d++)
        dims[d >= (size_t)axis] *= in->dims[d];
    return set_output(g, n, 0, 2, dims);
}

static int infer_transpose(onnx_graph *g, onnx_node *n)
{
    const onnx_shape *in = in_shape(g, n, 0);
    integers perm;
    bool seen[ONNX_RANK_MAX] = {false};
    size_t dims[ONNX_RANK_MAX] = {0};
    const int status = read_integers(g, n, SIZE_MAX, "perm", &perm);
    if (status != UNECHO_OK)
        return status;
    bool fits = !perm.given || perm.count == in->rank;
    for (size_t d = 0; fits && d < in->rank; d++) {
        const int64_t from = perm.given ? perm.at[d] : (int64_t)(in->rank - 1 - d);
        fits = from >= 0 && (size_t)from < in->rank && !seen[from];
        if (fits) {
            seen[from] = true;
            n->begin[d] = (size_t)from;
            dims[d] = in->dims[from];
        }
    }
    if (!fits)
        return onnx_fail_node(g, n, MODEL, "its perm does not fit %s", onnx_shape_label(in).text);
    return set_output(g, n, 0, in->rank, dims);
}

static int infer_concat(onnx_graph *g, onnx_node *n)
{
    const onnx_shape *first = in_shape(g, n, 0);
    size_t dims[ONNX_RANK_MAX];
    const int status = axis_attribute(g, n, INT64_MIN / 2, first->rank);
    if (status != UNECHO_OK)
        return status;
    memcpy(dims, first->dims, sizeof dims);
    for (size_t k = 1; k < n->inputs; k++) {
        const onnx_shape *in = in_shape(g, n, k);
        for (size_t d = 0; d < first->rank; d++)
            if (in->rank != first->rank || (d != n->axis && in->dims[d] != first->dims[d]))
                return onnx_fail_node(g, n, MODEL, "widths do not match: %s beside %s",
                                      onnx_shape_label(in).text, onnx_shape_label(first).text);
        dims[n->axis] += in->dims[n->axis];
    }
    return set_output(g, n, 0, first->rank, dims);
}

static int infer_split(onnx_graph *g, onnx_node *n)
{
    const onnx_shape *in = in_shape(g, n, 0);
    integers sizes;
    int status = axis_attribute(g, n, 0, in->rank);
    if (status == UNECHO_OK)
        status = read_integers(g, n, 1, "split", &sizes);
    if (status != UNECHO_OK)
        return status;
    const size_t whole = in->dims[n->axis];
    const size_t even = n->outputs > 0 ? (whole + n->outputs - 1) / n->outputs : 0;
    size_t left = whole;
    bool fits = n->outputs > 0 && (!sizes.given || sizes.count == n->outputs);
    fits =
        fits && (size_t)onnx_attribute_int(g, n, "num_outputs", (int64_t)n->outputs) == n->outputs;
    size_t dims[ONNX_RANK_MAX];
    memcpy(dims, in->dims, sizeof dims);
    for (size_t k = 0; fits && k < n->outputs; k++) {
        const int64_t size = sizes.given ? sizes.at[k] : (int64_t)(even < left ? even : left);
        fits = size > 0 && (uint64_t)size <= left;
        if (fits) {
            dims[n->axis] = (size_t)size;
            left -= (size_t)size;
            status = set_output(g, n, k, in->rank, dims);
            if (status != UNECHO_OK)
                return status;
        }
    }
    if (!fits || left != 0)
        return onnx_fail_node(g, n, MODEL, "widths do not match: %zu outputs from axis %zu of %s",
                              n->outputs, n->axis, onnx_shape_label(in).text);
    return UNECHO_OK;
}

static size_t clamp(int64_t index, size_t size)
{
    if (index < 0)
        index = index < -(int64_t)size ? 0 : index + (int64_t)size;
    return index > (int64_t)size ? size : (size_t)index;
}

static int infer_slice(onnx_graph *g, onnx_node *n)
{
    const onnx_shape *in = in_shape(g, n, 0);
    integers begins, ends, axes, steps;
    int status = read_integers(g, n, 1, "starts", &begins);
    if (status == UNECHO_OK)
        status = read_integers(g, n, 2, "ends", &ends);
    if (status == UNECHO_OK)
        status = read_integers(g, n, 3, "axes", &axes);
    if (status == UNECHO_OK)
        status = read_integers(g, n, 4, "steps", &steps);
    if (status != UNECHO_OK)
        return status;
    const size_t count = begins.count;
    if (count > in->rank || ends.count != count || (axes.given && axes.count != count) ||
        (steps.given && steps.count != count))
        return onnx_fail_node(g, n, MODEL, "its starts, ends, axes and steps do not fit %s",
                              onnx_shape_label(in).text);
    size_t dims[ONNX_RANK_MAX];
    memcpy(dims, in->dims, sizeof dims);
    for (size_t d = 0; d < in->rank; d++) {
        n->begin[d] = 0;
        n->step[d] = 1;
    }
    for (size_t i = 0; i < count; i++) {
        size_t d = 0;
        if (!axis_of(axes.given ? axes.at[i] : (int64_t)i, in->rank, &d))
            return onnx_fail_node(g, n, MODEL, "its axes do not fit %s", onnx_shape_label(in).text);
        const int64_t step = steps.given ? steps.at[i] : 1;
        const size_t begin = clamp(begins.at[i], in->dims[d]);
        const size_t end = clamp(ends.at[i], in->dims[d]);
        if (step < 1 || step > INT32_MAX)
            return onnx_fail_node(g, n, MODEL, "steps of %lld, expected 1 or more",
                                  (long long)step);
        n->begin[d] = begin;
        n->step[d] = (size_t)step;
        dims[d] = end > begin ? (end - begin + (size_t)step - 1) / (size_t)step : 0;
    }
    return set_output(g, n, 0, in->rank, dims);
}

/* One index only: a slice that drops its axis. */
static int infer_gather(onnx_graph *g, onnx_node *n)
{
    const onnx_shape *in = in_shape(g, n, 0);
    integers at;
    int status = axis_attribute(g, n, 0, in->rank);
    if (status == UNECHO_OK)
        status = read_integers(g, n, 1, "indices", &at);
    if (status != UNECHO_OK)
        return status;
    const size_t kept = in_shape(g, n, 1)->rank;
    if (at.count != 1 || kept > 1 || !axis_of(at.at[0], in->dims[n->axis], &n->begin[0]))
        return onnx_fail_node(g, n, MODEL, "its indices were expected to be one index into %s",
                              onnx_shape_label(in).text);
    size_t dims[ONNX_RANK_MAX] = {0};
    size_t rank = 0;
    for (size_t d = 0; d < in->rank; d++) {
        if (d != n->axis)
            dims[rank++] = in->dims[d];
        else if (kept == 1)
            dims[rank++] = 1;
    }
    return set_output(g, n, 0, rank, dims);
}

/* ---- All -------------------------------------------------------------------------------- */

static int infer(onnx_graph *g, onnx_node *n)
{
    switch (n->op) {
    case ONNX_ADD:
    case ONNX_SUB:
    case ONNX_MUL:
    case ONNX_DIV:
    case ONNX_POW:
        return infer_pair(g, n);
    case ONNX_MATMUL:
        return infer_matmul(g, n);
    case ONNX_GEMM:
        return infer_gemm(g, n);
    case ONNX_CONV:
        return infer_conv(g, n);
    case ONNX_REDUCE_MEAN:
        return infer_reduce(g, n);
    case ONNX_GLOBAL_AVERAGE_POOL:
        return infer_pool(g, n);
    case ONNX_LAYER_NORMALIZATION:
        return infer_layer_normalization(g, n);
    case ONNX_CAST:
        return infer_cast(g, n);
    case ONNX_RESHAPE:
        return infer_reshape(g, n);
    case ONNX_SQUEEZE:
        return infer_squeeze(g, n);
    case ONNX_UNSQUEEZE:
        return infer_unsqueeze(g, n);
    case ONNX_FLATTEN:
        return infer_flatten(g, n);
    case ONNX_TRANSPOSE:
        return infer_transpose(g, n);
    case ONNX_CONCAT:
        return infer_concat(g, n);
    case ONNX_SPLIT:
        return infer_split(g, n);
    case ONNX_SLICE:
        return infer_slice(g, n);
    case ONNX_GATHER:
        return infer_gather(g, n);
    default:
        return same_shape(g, n);
    }
}

int onnx_infer_shapes(onnx_graph *graph)
{
    for (size_t i = 0; i < graph->order_count; i++) {
        onnx_node *n = &graph->nodes[graph->order[i]];
        for (size_t k = 0; k < n->inputs; k++) {
            const size_t value = onnx_in(graph, n, k);
            if (value != ONNX_NONE && !graph->values[value].shaped)
                return onnx_fail_node(graph, n, MODEL, "the shape of its input '%s' is not known",
                                      onnx_label_of(graph->values[value].name).text);
        }
        const int status = infer(graph, n);
        if (status != UNECHO_OK)
            return status;
    }
    return UNECHO_OK;
}
