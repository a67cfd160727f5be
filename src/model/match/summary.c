#include "summary.h"

#include <stdio.h>
#include <string.h>

/* TFLite's reader may make several nodes of an operator; they share its name. */
static bool continues(const graph *g, size_t i)
{
    return i > 0 && g->nodes[i].name.size > 0 && g->nodes[i].name.at == g->nodes[i - 1].name.at;
}

static bool counts(const graph *g, size_t i)
{
    return g->nodes[i].op != OP_CONSTANT && !continues(g, i);
}

static bool same_text(graph_text a, graph_text b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.at, b.at, a.size) == 0);
}

/* "Add 9, MatMul 7", in the order in which they first occur. */
static void list_operators(unecho_model_file_info *info, const graph *g)
{
    size_t used = 0;
    for (size_t i = 0; i < g->node_count; i++) {
        const graph_text name = g->nodes[i].op_type;
        bool seen = false;
        unsigned count = 0;
        for (size_t k = 0; k < g->node_count; k++) {
            if (!counts(g, k) || !same_text(g->nodes[k].op_type, name))
                continue;
            seen = seen || k < i;
            count++;
        }
        info->operators += counts(g, i);
        if (!counts(g, i) || seen || used + 1 >= sizeof info->operator_counts)
            continue;
        const int written =
            snprintf(info->operator_counts + used, sizeof info->operator_counts - used,
                     "%s%.40s %u", used > 0 ? ", " : "", graph_label_of(name).text, count);
        used += written > 0 ? (size_t)written : 0;
    }
}

/* The types of the matrices, those of the first elements of matrix_type first. */
static void list_types(unecho_model_file_info *info, const matrix *const *all, size_t count)
{
    static const char *const names[] = {"fp32", "fp16", "bf16", "int8", "uint8"};
    for (size_t type = 0; type < sizeof names / sizeof names[0]; type++) {
        bool used = false;
        for (size_t i = 0; i < count; i++)
            used = used || (all[i]->rows > 0 && (size_t)all[i]->type == type);
        const size_t length = strlen(info->storage);
        if (used)
            snprintf(info->storage + length, sizeof info->storage - length, "%s%s",
                     length > 0 ? ", " : "", names[type]);
    }
}

static void summarise_graph(unecho_model_file_info *info, const graph *g, const char *producer)
{
    info->bytes = g->file.size;
    info->version = (unsigned)g->version;
    memcpy(info->producer, producer, sizeof info->producer);
    list_operators(info, g);
}

void summarise_stage(unecho_model_file_info *info, const graph *g, const stage_weights *w)
{
    const matrix *const all[] = {
        &w->lstm[0].input, &w->lstm[0].recurrent, &w->lstm[1].input, &w->lstm[1].recurrent,
        &w->dense,         &w->encoder,           &w->decoder};
    info->kind = UNECHO_MODEL_DTLN_AEC;
    info->file = w->encoder.rows == 0 ? 1 : 2;
    info->units = (unsigned)w->units;
    info->parameters = stage_weights_count(w);
    list_types(info, all, sizeof all / sizeof all[0]);
    summarise_graph(info, g, w->producer);
}

void summarise_postfilter(unecho_model_file_info *info, const graph *g, const postfilter_weights *w)
{
    const matrix *const all[] = {&w->input,        &w->gru[0].input,     &w->gru[0].recurrent,
                                 &w->gru[1].input, &w->gru[1].recurrent, &w->output};
    info->kind = UNECHO_MODEL_POSTFILTER;
    info->file = 1;
    info->units = (unsigned)w->units;
    info->parameters = postfilter_weights_count(w);
    list_types(info, all, sizeof all / sizeof all[0]);
    summarise_graph(info, g, w->producer);
}
