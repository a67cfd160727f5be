/*
 * One session per stage, each with its own thread pool. Every tensor is created once, over the
 * suppressor's buffers, and bound to its name. A hop takes two calls and no copy: the library reads
 * inputs where the suppressor wrote them and writes outputs where the suppressor reads them; each
 * stage has two state tensors, which swap roles every hop. (Untuned, the baseline of benchmarks,
 * creates and copies tensors every hop.)
 *
 * Everything belongs to the stream, nothing to a thread or the process: any thread may close the
 * stream and releases all of it.
 */
#include "ort_stages.h"

#include "dtln.h"
#include "onnxruntime/library.h"
#include "unecho.h"

#include <string.h>

enum { INPUTS = PORT_STATES + 1, OUTPUTS = PORTS - INPUTS };

/* A tensor's shape in the library's terms. */
typedef struct ort_shape {
    int64_t dims[PORT_RANK_MAX];
    size_t rank, elements;
} ort_shape;

typedef struct ort_stage {
    ort_session *session;
    char *names[PORTS];
    ort_shape shapes[PORTS];
    float *states[2]; /* [4 * units]; the next hop reads states[now] */
    size_t now;
    ort_value *state_values[2];
    ort_value **values[PORTS]; /* [hops_at_once], of the ports other than the states */
    /* All five tensors by name, for each value of `now` and each row. */
    ort_io_binding **bindings[2];
} ort_stage;

typedef struct ort_stages {
    dtln_stages base;
    ort_library library;
    ort_env *env;
    ort_memory_info *memory;
    ort_allocator *allocator; /* owned by the library */
    ort_stage stages[2];
    size_t hops_at_once;
    dtln_buffers buffers;
} ort_stages;

/* The rows of a port: the first, and the distance between them. */
typedef struct rows {
    float *first;
    size_t step;
} rows;

/* ---- Memory ----------------------------------------------------------------------------- */

static bool is_states(size_t port)
{
    return port == PORT_STATES || port == PORT_STATES_OUT;
}

static void stage_layout(ort_stage *s, arena *a, const stage_port *ports, size_t units,
                         size_t hops_at_once)
{
    for (size_t i = 0; i < PORTS; i++) {
        s->names[i] = arena_take(a, ports[i].name_size + 1);
        s->values[i] = is_states(i) ? NULL : arena_take(a, hops_at_once * sizeof(ort_value *));
        ort_shape *const shape = &s->shapes[i];
        *shape = (ort_shape){.rank = ports[i].rank, .elements = 1};
        for (size_t d = 0; d < ports[i].rank; d++) {
            shape->dims[d] = (int64_t)ports[i].dims[d];
            shape->elements *= ports[i].dims[d];
        }
    }
    for (size_t i = 0; i < 2; i++) {
        s->states[i] = arena_floats(a, 4 * units);
        s->bindings[i] = arena_take(a, hops_at_once * sizeof(ort_io_binding *));
    }
}

static void stage_reset(ort_stage *s)
{
    memset(s->states[0], 0, s->shapes[PORT_STATES].elements * sizeof *s->states[0]);
    s->now = 0;
}

static void stage_close(ort_stage *s, const ort_api *api, size_t hops_at_once)
{
    /* The release functions accept NULL, which a failed start leaves behind. */
    for (size_t i = 0; i < 2; i++)
        for (size_t t = 0; t < hops_at_once; t++)
            api->release_io_binding(s->bindings[i][t]);
    for (size_t i = 0; i < PORTS; i++)
        for (size_t t = 0; s->values[i] && t < hops_at_once; t++)
            api->release_value(s->values[i][t]);
    for (size_t i = 0; i < 2; i++)
        api->release_value(s->state_values[i]);
    api->release_session(s->session);
}

static void ort_reset(dtln_stages *b)
{
    ort_stages *const o = (ort_stages *)b;
    stage_reset(&o->stages[0]);
    stage_reset(&o->stages[1]);
}

static void ort_close(dtln_stages *b)
{
    ort_stages *const o = (ort_stages *)b;
    const ort_api *const api = o->library.api;
    if (!api)
        return;
    stage_close(&o->stages[0], api, o->hops_at_once);
    stage_close(&o->stages[1], api, o->hops_at_once);
    api->release_memory_info(o->memory);
    api->release_env(o->env);
    ort_library_close(&o->library);
}

/* ---- Running ---------------------------------------------------------------------------- */

/* Row t of a port. */
static float *row(const ort_stages *b, size_t stage, size_t port, size_t t)
{
    const dtln_buffers *const io = &b->buffers;
    const rows of[2][PORTS] = {
        {
            [PORT_MAIN] = {io->mic_magnitude, DTLN_BINS_ROW},
            [PORT_FAR] = {io->far_magnitude, DTLN_BINS_ROW},
            [PORT_MAIN_OUT] = {io->mask, DTLN_BINS_ROW},
        },
        {
            [PORT_MAIN] = {io->estimate, DTLN_BLOCK},
            [PORT_FAR] = {io->far, DTLN_HOP},
            [PORT_MAIN_OUT] = {io->block, DTLN_BLOCK},
        },
    };
    return of[stage][port].first + t * of[stage][port].step;
}

/* Whether a call succeeded. Drops the library's message. */
static bool worked(const ort_api *api, ort_status *status)
{
    if (status)
        api->release_status(status);
    return !status;
}

/* Run a stage on the tensors bound for row t. */
static ort_status *run_row(ort_stages *b, size_t stage, size_t t)
{
    ort_stage *const s = &b->stages[stage];
    const ort_io_binding *const binding = s->bindings[s->now][t];
    s->now = 1 - s->now;
    return b->library.api->run_with_binding(s->session, NULL, binding);
}

static int run_bound(ort_stages *b, size_t stage, size_t hops)
{
    for (size_t t = 0; t < hops; t++)
        if (!worked(b->library.api, run_row(b, stage, t)))
            return UNECHO_ERROR_BACKEND;
    return UNECHO_OK;
}

/* A new tensor in the library's memory with a copy of these elements; NULL on failure. */
static ort_value *fresh(const ort_stages *b, const ort_shape *shape, const float *from)
{
    const ort_api *const api = b->library.api;
    ort_value *value = NULL;
    void *data = NULL;
    if (!worked(api, api->create_tensor(b->allocator, shape->dims, shape->rank, ORT_FLOAT, &value)))
        return NULL;
    if (!worked(api, api->get_tensor_mutable_data(value, &data))) {
        api->release_value(value);
        return NULL;
    }
    memcpy(data, from, shape->elements * sizeof *from);
    return value;
}

static bool copy_out(const ort_stages *b, ort_value *value, float *to, size_t count)
{
    void *data = NULL;
    if (!worked(b->library.api, b->library.api->get_tensor_mutable_data(value, &data)))
        return false;
    memcpy(to, data, count * sizeof *to);
    return true;
}

/* Run one hop in the simplest way: new tensors, and copies in and out. */
static bool run_fresh(ort_stages *b, size_t stage, size_t t)
{
    const ort_api *const api = b->library.api;
    ort_stage *const s = &b->stages[stage];
    const float *const from[INPUTS] = {row(b, stage, PORT_MAIN, t), row(b, stage, PORT_FAR, t),
                                       s->states[0]};
    float *const to[OUTPUTS] = {row(b, stage, PORT_MAIN_OUT, t), s->states[0]};
    ort_value *inputs[INPUTS] = {NULL}, *outputs[OUTPUTS] = {NULL};
    bool good = true;
    for (size_t i = 0; good && i < INPUTS; i++) {
        inputs[i] = fresh(b, &s->shapes[i], from[i]);
        good = inputs[i] != NULL;
    }
    good = good && worked(api, api->run(s->session, NULL, (const char *const *)s->names,
                                        (const ort_value *const *)inputs, INPUTS,
                                        (const char *const *)s->names + INPUTS, OUTPUTS, outputs));
    for (size_t i = 0; good && i < OUTPUTS; i++)
        good = copy_out(b, outputs[i], to[i], s->shapes[INPUTS + i].elements);
    for (size_t i = 0; i < INPUTS; i++)
        api->release_value(inputs[i]);
    for (size_t i = 0; i < OUTPUTS; i++)
        api->release_value(outputs[i]);
    return good;
}

static int run_untuned(ort_stages *b, size_t stage, size_t hops)
{
    for (size_t t = 0; t < hops; t++)
        if (!run_fresh(b, stage, t))
            return UNECHO_ERROR_BACKEND;
    return UNECHO_OK;
}

static int stage1_bound(dtln_stages *host, dtln_stages *const *all, size_t count, size_t hops)
{
    (void)host;
    (void)count;
    return run_bound((ort_stages *)all[0], 0, hops);
}

static int stage2_bound(dtln_stages *host, dtln_stages *const *all, size_t count, size_t hops)
{
    (void)host;
    (void)count;
    return run_bound((ort_stages *)all[0], 1, hops);
}

static int stage1_untuned(dtln_stages *host, dtln_stages *const *all, size_t count, size_t hops)
{
    (void)host;
    (void)count;
    return run_untuned((ort_stages *)all[0], 0, hops);
}

static int stage2_untuned(dtln_stages *host, dtln_stages *const *all, size_t count, size_t hops)
{
    (void)host;
    (void)count;
    return run_untuned((ort_stages *)all[0], 1, hops);
}

/* ---- Starting --------------------------------------------------------------------------- */

/* Like `worked`, but passes the library's message to the caller. */
static int check(const ort_api *api, ort_status *status, const char *what, const message *to)
{
    if (!status)
        return UNECHO_OK;
    message_fail(to, UNECHO_ERROR_BACKEND, "ONNX Runtime: %s: %s", what,
                 api->get_error_message(status));
    api->release_status(status);
    return UNECHO_ERROR_BACKEND;
}

/* Tune a session: a small thread pool of its own, full optimisation, no logging. */
static ort_status *tune(const ort_api *api, ort_session_options *options, const ort_settings *s,
                        unsigned threads)
{
    const char *const spinning = s->spinning ? "1" : "0";
    ort_status *status = api->set_intra_op_num_threads(options, (int)threads);
    if (!status)
        status = api->set_inter_op_num_threads(options, 1);
    if (!status)
        status =
            api->set_session_execution_mode(options, s->parallel ? ORT_PARALLEL : ORT_SEQUENTIAL);
    if (!status)
        status = api->set_session_graph_optimization_level(options, ORT_OPTIMIZE_ALL);
    if (!status)
        status = api->set_session_log_severity_level(options, ORT_LOG_FATAL);
    if (!status)
        status =
            api->add_session_config_entry(options, "session.intra_op.allow_spinning", spinning);
    if (!status)
        status =
            api->add_session_config_entry(options, "session.inter_op.allow_spinning", spinning);
    if (!status)
        status = s->memory_pattern ? api->enable_mem_pattern(options)
                                   : api->disable_mem_pattern(options);
    if (!status)
        status =
            s->arena ? api->enable_cpu_mem_arena(options) : api->disable_cpu_mem_arena(options);
    return status;
}

static int open_session(ort_stages *b, size_t stage, const model_file *file,
                        const ort_settings *settings, const message *to)
{
    const ort_api *const api = b->library.api;
    ort_session_options *options = NULL;
    int status = check(api, api->create_session_options(&options), "session options", to);
    if (status == UNECHO_OK) {
        ort_status *const set = settings->untuned
                                    ? api->set_intra_op_num_threads(options, 1)
                                    : tune(api, options, settings, settings->threads[stage]);
        status = check(api, set, "session options", to);
    }
    if (status == UNECHO_OK)
        status = check(api,
                       api->create_session_from_array(b->env, file->bytes, file->size, options,
                                                      &b->stages[stage].session),
                       stage == 0 ? "stage 1 of the model" : "stage 2 of the model", to);
    api->release_session_options(options);
    return status;
}

static int make_value(ort_stages *b, ort_value **value, const ort_shape *shape, float *data,
                      const message *to)
{
    const ort_api *const api = b->library.api;
    return check(api,
                 api->create_tensor_with_data(b->memory, data, shape->elements * sizeof *data,
                                              shape->dims, shape->rank, ORT_FLOAT, value),
                 "a tensor", to);
}

/* Bind the tensors of row t; states[now] is the input. */
static ort_status *bind_row(ort_stages *b, size_t stage, size_t t, size_t now)
{
    const ort_api *const api = b->library.api;
    ort_stage *const s = &b->stages[stage];
    const ort_value *const values[PORTS] = {
        [PORT_MAIN] = s->values[PORT_MAIN][t],        [PORT_FAR] = s->values[PORT_FAR][t],
        [PORT_STATES] = s->state_values[now],         [PORT_MAIN_OUT] = s->values[PORT_MAIN_OUT][t],
        [PORT_STATES_OUT] = s->state_values[1 - now],
    };
    ort_status *status = api->create_io_binding(s->session, &s->bindings[now][t]);
    for (size_t i = 0; i < PORTS && !status; i++)
        status = (i < INPUTS ? api->bind_input : api->bind_output)(s->bindings[now][t], s->names[i],
                                                                   values[i]);
    return status;
}

static int bind(ort_stages *b, size_t stage, const message *to)
{
    ort_stage *const s = &b->stages[stage];
    int status = UNECHO_OK;
    for (size_t i = 0; i < 2 && status == UNECHO_OK; i++)
        status = make_value(b, &s->state_values[i], &s->shapes[PORT_STATES], s->states[i], to);
    for (size_t i = 0; i < PORTS; i++)
        for (size_t t = 0; s->values[i] && t < b->hops_at_once && status == UNECHO_OK; t++)
            status = make_value(b, &s->values[i][t], &s->shapes[i], row(b, stage, i, t), to);
    for (size_t t = 0; t < b->hops_at_once; t++)
        for (size_t now = 0; now < 2 && status == UNECHO_OK; now++)
            status = check(b->library.api, bind_row(b, stage, t, now), "inputs and outputs", to);
    return status;
}

static int start_stage(ort_stages *b, size_t stage, const unecho_model *model,
                       const ort_settings *settings, const message *to)
{
    ort_stage *const s = &b->stages[stage];
    const model_file *const file = model_stage_file(model, stage);
    for (size_t i = 0; i < PORTS; i++) {
        const stage_port *const port = &file->ports[i];
        memcpy(s->names[i], port->name, port->name_size);
        s->names[i][port->name_size] = '\0';
    }
    int status = open_session(b, stage, file, settings, to);
    if (status < 0 || settings->untuned)
        return status;
    status = bind(b, stage, to);
    /* Reports a model that fails at run time, and does the library's one-time work. */
    if (status == UNECHO_OK)
        status = check(b->library.api, run_row(b, stage, 0), "a first run of the model", to);
    return status;
}

dtln_stages *ort_layout(arena *a, const unecho_model *model, size_t hops_at_once)
{
    ort_stages unused = {0};
    ort_stages *const taken = arena_take(a, sizeof *taken);
    ort_stages *const b = taken ? taken : &unused;
    b->hops_at_once = hops_at_once;
    for (size_t i = 0; i < 2; i++)
        stage_layout(&b->stages[i], a, model_stage_file(model, i)->ports, model_units(model),
                     hops_at_once);
    return taken ? &taken->base : NULL;
}

int ort_start(dtln_stages *base, const unecho_model *model, const dtln_buffers *buffers,
              const ort_settings *settings, const char *library, const message *to)
{
    ort_stages *const b = (ort_stages *)base;
    b->base = (dtln_stages){
        .name = "onnxruntime",
        .rows = b->hops_at_once,
        .stage1 = settings->untuned ? stage1_untuned : stage1_bound,
        .stage2 = settings->untuned ? stage2_untuned : stage2_bound,
        .reset = ort_reset,
        .close = ort_close,
    };
    b->buffers = *buffers;
    int status = UNECHO_OK;
    for (size_t i = 0; i < 2 && status == UNECHO_OK; i++)
        if (!model_stage_file(model, i)->ports[PORT_MAIN].name)
            status = message_fail(to, UNECHO_ERROR_BACKEND,
                                  "stage %zu of the model is TFLite, which ONNX Runtime does not "
                                  "run",
                                  i + 1);
    if (status == UNECHO_OK)
        status = ort_library_open(&b->library, library, to);
    if (status < 0)
        return status;
    const ort_api *const api = b->library.api;
    /*
     * The library has one environment per process and counts references to it under its own lock:
     * every stream takes and releases one. The first one sets its log level, but sessions log at
     * their own.
     */
    status = check(
        api,
        api->create_env(settings->untuned ? ORT_LOG_WARNING : ORT_LOG_FATAL, "unecho", &b->env),
        "environment", to);
    if (status == UNECHO_OK)
        status = check(
            api, api->create_cpu_memory_info(ORT_DEVICE_ALLOCATOR, ORT_MEMORY_DEFAULT, &b->memory),
            "memory", to);
    if (status == UNECHO_OK)
        status =
            check(api, api->get_allocator_with_default_options(&b->allocator), "allocator", to);
    for (size_t i = 0; i < 2 && status == UNECHO_OK; i++)
        status = start_stage(b, i, model, settings, to);
    if (status < 0)
        ort_close(base);
    return status;
}
