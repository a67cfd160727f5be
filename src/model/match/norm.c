/*
 * Layer norm and log power, recognised from their output backwards. Operands may be swapped and
 * products regrouped.
 */
#include "match.h"

#include "unecho.h"

#include <math.h>
#include <string.h>

#define MODEL UNECHO_ERROR_MODEL

/* The constant of the engine, 1e-7 as float32, and the tolerance for that of a file. */
#define EPSILON           1e-7
#define EPSILON_TOLERANCE 1e-12
/* The nearest float16, for files that store everything in it. */
#define EPSILON_FLOAT16 0x1p-23

/* view = rest + 1e-7 */
static int match_guard(graph *g, const graph_view *view, const char *what, graph_view *rest)
{
    graph_view two[2] = {{0}};
    const graph_node *n = view_node(g, view, OP_ADD);
    if (!n)
        return match_unexpected(g, view, what);
    int status = match_operands(g, n, two);
    if (status != UNECHO_OK)
        return status;
    const size_t constant = view_is_constant(g, &two[0]) ? 0 : 1;
    if (!view_is_constant(g, &two[constant]) || two[1 - constant].count != view->count)
        return match_unexpected(g, view, what);
    *rest = two[1 - constant];
    const graph_tensor *t = &g->tensors[g->values[two[constant].value].index];
    return want_scalar(g, &two[constant], t->type == TYPE_FLOAT16 ? EPSILON_FLOAT16 : EPSILON,
                       EPSILON_TOLERANCE);
}

/* view = x * x or x ^ 2, element by element */
static int match_square(graph *g, const graph_view *view, const char *what, graph_view *x)
{
    graph_view two[2] = {{0}};
    const graph_node *times = view_node(g, view, OP_MUL);
    const graph_node *power = view_node(g, view, OP_POW);
    if (!times && !power)
        return match_unexpected(g, view, what);
    const int status = match_operands(g, times ? times : power, two);
    if (status != UNECHO_OK)
        return status;
    *x = two[0];
    if (x->count != view->count || (times && !views_equal(&two[0], &two[1])) ||
        (power && !view_is_constant(g, &two[1])))
        return match_unexpected(g, view, what);
    return power ? want_scalar(g, &two[1], 2, 0) : UNECHO_OK;
}

int match_log_power(graph *g, const graph_view *view, graph_view *x)
{
    graph_view sum = {0}, guarded = {0}, power = {0};
    const graph_node *n = view_node(g, view, OP_LOG);
    if (!n)
        return match_unexpected(g, view, "the logarithm of a power");
    int status = match_operand(g, n, 0, &sum);
    guarded = sum;
    if (status == UNECHO_OK)
        status = match_guard(g, &guarded, "a power plus 1e-7", &power);
    if (status == UNECHO_OK)
        status = match_square(g, &power, "the square of a magnitude", x);
    return status;
}

/* view = mean of all elements of x */
static int match_mean(graph *g, const graph_view *view, const char *what, graph_view *x)
{
    const graph_node *n = view_node(g, view, OP_REDUCE_MEAN);
    if (!n)
        n = view_node(g, view, OP_GLOBAL_AVERAGE_POOL);
    if (!n || view->count != 1)
        return match_unexpected(g, view, what);
    return match_operand(g, n, 0, x);
}

/* view = x - mean(x) */
static int match_centred(graph *g, const graph_view *view, graph_view *x)
{
    static const char what[] = "a layer norm's features minus their mean";
    graph_view two[2] = {{0}}, averaged = {0};
    const graph_node *n = view_node(g, view, OP_SUB);
    if (!n)
        return match_unexpected(g, view, what);
    int status = match_operands(g, n, two);
    if (status == UNECHO_OK)
        status = match_mean(g, &two[1], "the mean of a layer norm's features", &averaged);
    if (status != UNECHO_OK)
        return status;
    if (!views_equal(&two[0], &averaged) || two[0].count != view->count)
        return match_unexpected(g, view, what);
    *x = two[0];
    return UNECHO_OK;
}

/* view = sqrt(mean((x - mean(x))^2) + 1e-7) */
static int match_deviation(graph *g, const graph_node *n, graph_view *x)
{
    graph_view guarded = {0}, variance = {0}, square = {0}, centred = {0};
    int status = match_operand(g, n, 0, &guarded);
    if (status == UNECHO_OK)
        status = match_guard(g, &guarded, "a layer norm's variance plus 1e-7", &variance);
    if (status == UNECHO_OK)
        status = match_mean(g, &variance, "the mean of a layer norm's squares", &square);
    if (status == UNECHO_OK)
        status = match_square(g, &square, "the square of a layer norm's features", &centred);
    if (status == UNECHO_OK)
        status = match_centred(g, &centred, x);
    return status;
}

/* The three factors of a layer norm, in any order and grouping. */
typedef struct norm_factors {
    graph_view gamma, centred;
    const graph_node *deviation;
    bool has_gamma, has_centred;
} norm_factors;

static int match_factors(graph *g, const graph_view *view, const char *what, norm_factors *f)
{
    enum { PENDING_MAX = 8 };
    struct {
        graph_view view;
        bool inverted;
    } pending[PENDING_MAX] = {{*view, false}};
    size_t left = 1;
    memset(f, 0, sizeof *f);
    while (left > 0) {
        const graph_view part = pending[--left].view;
        const bool inverted = pending[left].inverted;
        const graph_node *times = view_node(g, &part, OP_MUL);
        const graph_node *over = view_node(g, &part, OP_DIV);
        const graph_node *one_over = view_node(g, &part, OP_RECIPROCAL);
        const graph_node *root = view_node(g, &part, OP_SQRT);
        int status = UNECHO_OK;
        if (left + 2 > PENDING_MAX)
            return match_unexpected(g, &part, what);
        if (times || over) {
            graph_view two[2] = {{0}};
            status = match_operands(g, times ? times : over, two);
            pending[left].view = two[0];
            pending[left++].inverted = inverted;
            pending[left].view = two[1];
            pending[left++].inverted = inverted != (over != NULL);
        } else if (one_over) {
            status = match_operand(g, one_over, 0, &pending[left].view);
            pending[left++].inverted = !inverted;
        } else if (root && inverted && !f->deviation && part.count == 1) {
            f->deviation = root;
        } else if (view_is_constant(g, &part) && !inverted && !f->has_gamma &&
                   part.count == view->count) {
            f->gamma = part;
            f->has_gamma = true;
        } else if (view_node(g, &part, OP_SUB) && !inverted && !f->has_centred &&
                   part.count == view->count) {
            f->centred = part;
            f->has_centred = true;
        } else {
            return match_unexpected(g, &part, what);
        }
        if (status != UNECHO_OK)
            return status;
    }
    if (!f->has_gamma || !f->has_centred || !f->deviation)
        return match_unexpected(g, view, what);
    return UNECHO_OK;
}

static int copy_norm(graph *g, const graph_view *from, const char *what, size_t count, float *to)
{
    if (!view_is_constant(g, from) || from->count != count)
        return match_unexpected(g, from, what);
    memset(to, 0, count * sizeof *to);
    return add_constant(g, from, count, 1, to);
}

/* The operator LayerNormalization of opset 17. */
static int match_operator(graph *g, const graph_view *view, const graph_node *n, const char *what,
                          float *gamma, float *beta, graph_view *x)
{
    graph_view scale, bias;
    const graph_attribute *epsilon = graph_attribute_of(g, n, "epsilon");
    const double value = epsilon ? (double)epsilon->f : 1e-5;
    const graph_shape *in = &g->values[graph_in(g, n, 0)].shape;
    for (size_t d = 0; d < n->axis; d++)
        if (in->dims[d] != 1)
            return match_unexpected(g, view, what);
    if (!(fabs(value - EPSILON) <= EPSILON_TOLERANCE))
        return graph_fail_node(g, n, MODEL, "its epsilon is %.9g, expected %g", value, EPSILON);
    if (graph_in(g, n, 2) == GRAPH_NONE)
        return graph_fail_node(g, n, MODEL, "expected a third input (beta)");
    int status = match_operand(g, n, 0, x);
    if (status == UNECHO_OK)
        status = match_operand(g, n, 1, &scale);
    if (status == UNECHO_OK)
        status = match_operand(g, n, 2, &bias);
    if (status == UNECHO_OK)
        status = copy_norm(g, &scale, "gamma of a layer norm", view->count, gamma);
    if (status == UNECHO_OK)
        status = copy_norm(g, &bias, "beta of a layer norm", view->count, beta);
    return status;
}

int match_norm(graph *g, const graph_view *view, const char *what, float *gamma, float *beta,
               graph_view *x)
{
    graph_view two[2] = {{0}}, spread = {0};
    norm_factors factors;
    const graph_node *whole = view_node(g, view, OP_LAYER_NORMALIZATION);
    if (whole)
        return match_operator(g, view, whole, what, gamma, beta, x);
    const graph_node *sum = view_node(g, view, OP_ADD);
    if (!sum)
        return match_unexpected(g, view, what);
    int status = match_operands(g, sum, two);
    if (status != UNECHO_OK)
        return status;
    const size_t constant = view_is_constant(g, &two[0]) ? 0 : 1;
    if (two[1 - constant].count != view->count)
        return match_unexpected(g, view, what);
    status = copy_norm(g, &two[constant], "beta of a layer norm", view->count, beta);
    if (status == UNECHO_OK)
        status = match_factors(g, &two[1 - constant], what, &factors);
    if (status == UNECHO_OK)
        status = copy_norm(g, &factors.gamma, "gamma of a layer norm", view->count, gamma);
    if (status == UNECHO_OK)
        status = match_centred(g, &factors.centred, x);
    if (status == UNECHO_OK)
        status = match_deviation(g, factors.deviation, &spread);
    if (status != UNECHO_OK)
        return status;
    if (!views_equal(x, &spread))
        return graph_fail_node(g, factors.deviation, MODEL, "%s: its variance is of other features",
                               what);
    return UNECHO_OK;
}
