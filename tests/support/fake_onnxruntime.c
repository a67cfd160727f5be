#include "fake_onnxruntime.h"

#include "onnxruntime/api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORTED __attribute__((visibility("default")))

/* More than any tensor of the network has. */
enum { ROOM = 65536 };

EXPORTED fake_controls fake = {.minor = 30, .fail_at = -1};

struct ort_status {
    char text[64];
};

struct ort_value {
    void *data;
    void *own; /* NULL: the caller owns the data */
};

struct ort_io_binding {
    ort_value *outputs[2];
    size_t count;
};

static void *make(size_t size)
{
    fake.alive++;
    return calloc(1, size);
}

static void drop(void *object)
{
    if (object)
        fake.alive--;
    free(object);
}

/* NULL, or the failure requested for this call. */
static ort_status *next_call(void)
{
    const long call = fake.calls++;
    if (call != fake.fail_at)
        return NULL;
    ort_status *const status = make(sizeof *status);
    snprintf(status->text, sizeof status->text, "call %ld fails as ordered", call);
    return status;
}

static const char *get_error_message(const ort_status *status)
{
    return status->text;
}

static ort_status *make_object(void **object)
{
    ort_status *const status = next_call();
    if (!status)
        *object = make(1);
    return status;
}

static ort_status *create_env(int severity, const char *name, ort_env **env)
{
    (void)severity;
    (void)name;
    return make_object((void **)env);
}

static ort_status *create_session_from_array(const ort_env *env, const void *bytes, size_t size,
                                             const ort_session_options *options,
                                             ort_session **session)
{
    (void)env;
    (void)bytes;
    (void)size;
    (void)options;
    return make_object((void **)session);
}

static ort_status *create_session_options(ort_session_options **options)
{
    return make_object((void **)options);
}

static ort_status *create_cpu_memory_info(int allocator, int memory, ort_memory_info **info)
{
    (void)allocator;
    (void)memory;
    return make_object((void **)info);
}

static ort_status *set_number(ort_session_options *options, int number)
{
    (void)options;
    (void)number;
    return next_call();
}

static ort_status *set_flag(ort_session_options *options)
{
    (void)options;
    return next_call();
}

static ort_status *add_entry(ort_session_options *options, const char *key, const char *value)
{
    (void)options;
    (void)key;
    (void)value;
    return next_call();
}

static ort_status *get_allocator(ort_allocator **allocator)
{
    *allocator = NULL;
    return next_call();
}

static ort_value *value_over(void *data)
{
    ort_value *const value = make(sizeof *value);
    value->own = data ? NULL : calloc(1, ROOM);
    value->data = data ? data : value->own;
    return value;
}

static ort_status *create_tensor(ort_allocator *allocator, const int64_t *dims, size_t rank,
                                 int type, ort_value **value)
{
    (void)allocator;
    (void)dims;
    (void)rank;
    (void)type;
    ort_status *const status = next_call();
    if (!status)
        *value = value_over(NULL);
    return status;
}

static ort_status *create_tensor_with_data(const ort_memory_info *info, void *data, size_t bytes,
                                           const int64_t *dims, size_t rank, int type,
                                           ort_value **value)
{
    (void)info;
    (void)bytes;
    (void)dims;
    (void)rank;
    (void)type;
    ort_status *const status = next_call();
    if (!status)
        *value = value_over(data);
    return status;
}

static ort_status *get_tensor_mutable_data(ort_value *value, void **data)
{
    *data = value->data;
    return next_call();
}

static ort_status *create_io_binding(ort_session *session, ort_io_binding **binding)
{
    (void)session;
    ort_status *const status = next_call();
    if (!status)
        *binding = make(sizeof **binding);
    return status;
}

static ort_status *bind_input(ort_io_binding *binding, const char *name, const ort_value *value)
{
    (void)binding;
    (void)name;
    (void)value;
    return next_call();
}

static ort_status *bind_output(ort_io_binding *binding, const char *name, const ort_value *value)
{
    (void)name;
    ort_status *const status = next_call();
    if (!status)
        binding->outputs[binding->count++] = (ort_value *)value;
    return status;
}

/* Every output is 0.25 throughout: audible if it leaks where silence is promised. */
static ort_status *run(ort_session *session, const ort_run_options *options,
                       const char *const *input_names, const ort_value *const *inputs,
                       size_t input_count, const char *const *output_names, size_t output_count,
                       ort_value **outputs)
{
    (void)session;
    (void)options;
    (void)input_names;
    (void)inputs;
    (void)input_count;
    (void)output_names;
    for (size_t i = 0; i < output_count; i++) {
        if (!outputs[i])
            outputs[i] = value_over(NULL);
        for (size_t k = 0; k < 257; k++)
            ((float *)outputs[i]->data)[k] = 0.25f;
    }
    return next_call();
}

static ort_status *run_with_binding(ort_session *session, const ort_run_options *options,
                                    const ort_io_binding *binding)
{
    ort_value *outputs[2] = {binding->outputs[0], binding->outputs[1]};
    return run(session, options, NULL, NULL, 0, NULL, binding->count, outputs);
}

static void release_io_binding(ort_io_binding *binding)
{
    drop(binding);
}

static void release_value(ort_value *value)
{
    if (value)
        free(value->own);
    drop(value);
}

static void release_env(ort_env *env)
{
    drop(env);
}

static void release_status(ort_status *status)
{
    drop(status);
}

static void release_memory_info(ort_memory_info *info)
{
    drop(info);
}

static void release_session(ort_session *session)
{
    drop(session);
}

static void release_session_options(ort_session_options *options)
{
    drop(options);
}

static const ort_api *get_api(uint32_t version)
{
    static const ort_api api = {
        .get_error_message = get_error_message,
        .create_env = create_env,
        .create_session_from_array = create_session_from_array,
        .run = run,
        .create_session_options = create_session_options,
        .set_session_execution_mode = set_number,
        .enable_mem_pattern = set_flag,
        .disable_mem_pattern = set_flag,
        .enable_cpu_mem_arena = set_flag,
        .disable_cpu_mem_arena = set_flag,
        .set_session_log_severity_level = set_number,
        .set_session_graph_optimization_level = set_number,
        .set_intra_op_num_threads = set_number,
        .set_inter_op_num_threads = set_number,
        .create_tensor = create_tensor,
        .create_tensor_with_data = create_tensor_with_data,
        .get_tensor_mutable_data = get_tensor_mutable_data,
        .create_cpu_memory_info = create_cpu_memory_info,
        .get_allocator_with_default_options = get_allocator,
        .release_env = release_env,
        .release_status = release_status,
        .release_memory_info = release_memory_info,
        .release_session = release_session,
        .release_value = release_value,
        .release_session_options = release_session_options,
        .add_session_config_entry = add_entry,
        .run_with_binding = run_with_binding,
        .create_io_binding = create_io_binding,
        .release_io_binding = release_io_binding,
        .bind_input = bind_input,
        .bind_output = bind_output,
    };
    return version <= fake.minor ? &api : NULL;
}

static const char *get_version(void)
{
    static char version[32];
    snprintf(version, sizeof version, "1.%u.0", fake.minor);
    return version;
}

EXPORTED const ort_api_base *OrtGetApiBase(void);

const ort_api_base *OrtGetApiBase(void)
{
    static const ort_api_base base = {get_api, get_version};
    return &base;
}
