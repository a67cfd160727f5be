/* Selects the suppressor that a config asks for. */
#include "dtln/dtln_suppressor.h"
#include "none.h"
#include "suppressor.h"

/* The kinds of suppressor that run a model, by backend. */
static const struct {
    unecho_backend backend;
    const suppressor_kind *kind;
} kinds[] = {
    {UNECHO_BACKEND_NATIVE, &dtln_native},
    {UNECHO_BACKEND_ONNXRUNTIME, &dtln_onnxruntime},
};

static const suppressor_kind *kind_for(const unecho_config *config)
{
    if (config->engine == UNECHO_ENGINE_LINEAR)
        return &suppressor_none;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].backend == config->backend)
            return kinds[i].kind;
    return NULL;
}

int suppressor_find(suppressor_plan *plan, const unecho_config *config, size_t kernels_index,
                    const message *to)
{
    *plan = (suppressor_plan){
        .kind = kind_for(config),
        .config = config,
        .kernels_index = kernels_index,
        .filtered = config->engine != UNECHO_ENGINE_NEURAL,
    };
    if (!plan->kind)
        return message_fail(to, UNECHO_ERROR_ARGUMENT, "backend %d does not run this model",
                            (int)config->backend);
    int status = UNECHO_OK;
    if (plan->kind->model) {
        plan->model = unecho_model_ref(config->model);
        if (!plan->model)
            status = unecho_model_default(&plan->model, to->text, to->size);
    }
    if (status == UNECHO_OK && plan->kind->prepare)
        status = plan->kind->prepare(plan, to);
    if (status < 0)
        unecho_model_unref(&plan->model);
    return status;
}
