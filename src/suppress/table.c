/* Selects the suppressor that a config asks for. */
#include "dtln/dtln_suppressor.h"
#include "model/model.h"
#include "none.h"
#include "postfilter/postfilter_suppressor.h"
#include "suppressor.h"

/* The kinds of suppressor that run a model, by kind of model and backend. */
static const struct {
    unecho_model_kind model;
    unecho_backend backend;
    const suppressor_kind *kind;
} kinds[] = {
    {UNECHO_MODEL_DTLN_AEC, UNECHO_BACKEND_NATIVE, &dtln_native},
    {UNECHO_MODEL_DTLN_AEC, UNECHO_BACKEND_ONNXRUNTIME, &dtln_onnxruntime},
    {UNECHO_MODEL_POSTFILTER, UNECHO_BACKEND_NATIVE, &postfilter_native},
};

static const suppressor_kind *kind_for(const unecho_model *model, unecho_backend backend)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].model == model_kind(model) && kinds[i].backend == backend)
            return kinds[i].kind;
    return NULL;
}

/* The config's model or a built-in one: the post-filter where it can run. */
static int find_model(suppressor_plan *plan, const message *to)
{
    plan->model = unecho_model_ref(plan->config->model);
    if (!plan->model) {
        const int postfilter = plan->filtered && plan->config->backend == UNECHO_BACKEND_NATIVE;
        const int status = unecho_model_builtin(
            &plan->model, postfilter ? UNECHO_MODEL_POSTFILTER : UNECHO_MODEL_DTLN_AEC, to->text,
            to->size);
        if (status < 0)
            return status;
    }
    plan->kind = kind_for(plan->model, plan->config->backend);
    if (!plan->kind)
        return message_fail(to, UNECHO_ERROR_ARGUMENT,
                            "ONNX Runtime does not run a post-filter: expected backend "
                            "UNECHO_BACKEND_NATIVE");
    return plan->kind->prepare ? plan->kind->prepare(plan, to) : UNECHO_OK;
}

int suppressor_find(suppressor_plan *plan, const unecho_config *config, size_t kernels_index,
                    const message *to)
{
    *plan = (suppressor_plan){
        .kind = &suppressor_none,
        .config = config,
        .kernels_index = kernels_index,
        .filtered = config->engine != UNECHO_ENGINE_NEURAL,
    };
    if (config->engine == UNECHO_ENGINE_LINEAR)
        return UNECHO_OK;
    const int status = find_model(plan, to);
    if (status < 0)
        unecho_model_unref(&plan->model);
    return status;
}
