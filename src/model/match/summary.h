/* What unecho_model_inspect_file reports of a graph and the weights in it. */
#ifndef UNECHO_MODEL_SUMMARY_H
#define UNECHO_MODEL_SUMMARY_H

#include "model/graph/graph.h"
#include "model/postfilter_weights.h"
#include "model/stage_weights.h"

#include "unecho_model.h"

/* Fill in all of info but its size and format. */
void summarise_stage(unecho_model_file_info *info, const graph *g, const stage_weights *weights);
void summarise_postfilter(unecho_model_file_info *info, const graph *g,
                          const postfilter_weights *weights);

#endif
