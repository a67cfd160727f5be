#include "postfilter_model.h"

#include "arena.h"

_Static_assert((int)KERNEL_SETS_MAX *(int)POSTFILTER_PRECISIONS <= (int)MODEL_CACHED_MAX,
               "every packed network has a key");

typedef struct wanted {
    const unecho_model *model;
    const kernels *k;
    postfilter_precision precision;
} wanted;

static void *build(void *user)
{
    const wanted *const w = user;
    return postfilter_build(w->k, w->precision, model_postfilter(w->model));
}

const postfilter *postfilter_of_model(unecho_model *model, size_t kernels_index,
                                      postfilter_precision precision)
{
    wanted w = {model, kernels_at(kernels_index), precision};
    const size_t key = kernels_index * POSTFILTER_PRECISIONS + precision;
    return model_cached(model, key, build, &w, arena_release);
}
