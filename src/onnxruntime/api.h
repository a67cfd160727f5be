/*
 * The part of ONNX Runtime's C interface that unecho uses, declared without its headers: types are
 * incomplete structs, and the function table has a gap in place of each run of unused functions.
 * The table only grows at its end, so the offsets of existing functions never change.
 */
#ifndef UNECHO_ORT_API_H
#define UNECHO_ORT_API_H

#include <stddef.h>
#include <stdint.h>

enum {
    /*
     * The version of the function table to request, which equals the minor version of the release
     * that introduced it. Version 5 has all functions used here, but 1.14 is the first release that
     * supports operator set 18, which the published models use.
     */
    ORT_API_NEEDED = 14,
};

/* Values of enumerations. */
enum { ORT_LOG_WARNING = 2, ORT_LOG_FATAL = 4 };
enum { ORT_OPTIMIZE_ALL = 99 };
enum { ORT_SEQUENTIAL = 0, ORT_PARALLEL = 1 };
enum { ORT_FLOAT = 1 };
enum { ORT_DEVICE_ALLOCATOR = 0, ORT_MEMORY_DEFAULT = 0 };

typedef struct ort_status ort_status; /* NULL: success; else the caller releases it */
typedef struct ort_env ort_env;
typedef struct ort_session ort_session;
typedef struct ort_session_options ort_session_options;
typedef struct ort_run_options ort_run_options;
typedef struct ort_memory_info ort_memory_info;
typedef struct ort_allocator ort_allocator;
typedef struct ort_value ort_value;
typedef struct ort_io_binding ort_io_binding;

/* The number in a gap's name is the index of its first function. */
typedef struct ort_api {
    void *gap_0[2];
    const char *(*get_error_message)(const ort_status *status);
    ort_status *(*create_env)(int severity, const char *name, ort_env **env);
    void *gap_4[4];
    ort_status *(*create_session_from_array)(const ort_env *env, const void *bytes, size_t size,
                                             const ort_session_options *options,
                                             ort_session **session);
    /* Allocates the outputs that are NULL and writes to the others. */
    ort_status *(*run)(ort_session *session, const ort_run_options *options,
                       const char *const *input_names, const ort_value *const *inputs,
                       size_t input_count, const char *const *output_names, size_t output_count,
                       ort_value **outputs);
    ort_status *(*create_session_options)(ort_session_options **options);
    void *gap_11[2];
    ort_status *(*set_session_execution_mode)(ort_session_options *options, int mode);
    void *gap_14[2];
    ort_status *(*enable_mem_pattern)(ort_session_options *options);
    ort_status *(*disable_mem_pattern)(ort_session_options *options);
    ort_status *(*enable_cpu_mem_arena)(ort_session_options *options);
    ort_status *(*disable_cpu_mem_arena)(ort_session_options *options);
    void *gap_20[2];
    ort_status *(*set_session_log_severity_level)(ort_session_options *options, int severity);
    ort_status *(*set_session_graph_optimization_level)(ort_session_options *options, int level);
    ort_status *(*set_intra_op_num_threads)(ort_session_options *options, int threads);
    ort_status *(*set_inter_op_num_threads)(ort_session_options *options, int threads);
    void *gap_26[22];
    ort_status *(*create_tensor)(ort_allocator *allocator, const int64_t *dims, size_t rank,
                                 int type, ort_value **value);
    ort_status *(*create_tensor_with_data)(const ort_memory_info *info, void *data, size_t bytes,
                                           const int64_t *dims, size_t rank, int type,
                                           ort_value **value);
    void *gap_50[1];
    ort_status *(*get_tensor_mutable_data)(ort_value *value, void **data);
    void *gap_52[17];
    ort_status *(*create_cpu_memory_info)(int allocator_type, int memory_type,
                                          ort_memory_info **info);
    void *gap_70[8];
    ort_status *(*get_allocator_with_default_options)(ort_allocator **allocator);
    void *gap_79[13];
    void (*release_env)(ort_env *env);
    void (*release_status)(ort_status *status);
    void (*release_memory_info)(ort_memory_info *info);
    void (*release_session)(ort_session *session);
    void (*release_value)(ort_value *value);
    void *gap_97[3];
    void (*release_session_options)(ort_session_options *options);
    void *gap_101[29];
    ort_status *(*add_session_config_entry)(ort_session_options *options, const char *key,
                                            const char *value);
    void *gap_131[2];
    ort_status *(*run_with_binding)(ort_session *session, const ort_run_options *options,
                                    const ort_io_binding *binding);
    ort_status *(*create_io_binding)(ort_session *session, ort_io_binding **binding);
    void (*release_io_binding)(ort_io_binding *binding);
    ort_status *(*bind_input)(ort_io_binding *binding, const char *name, const ort_value *value);
    ort_status *(*bind_output)(ort_io_binding *binding, const char *name, const ort_value *value);
} ort_api;

/* The library's one exported function, OrtGetApiBase, returns this. */
typedef struct ort_api_base {
    const ort_api *(*get_api)(uint32_t version); /* NULL: unsupported version */
    const char *(*get_version)(void);
} ort_api_base;

#define ORT_PLACE(function, place)                                                                 \
    _Static_assert(offsetof(ort_api, function) == (place) * sizeof(void *),                        \
                   #function " is at the wrong offset")
ORT_PLACE(get_error_message, 2);
ORT_PLACE(create_session_from_array, 8);
ORT_PLACE(set_session_execution_mode, 13);
ORT_PLACE(enable_mem_pattern, 16);
ORT_PLACE(set_session_log_severity_level, 22);
ORT_PLACE(create_tensor, 48);
ORT_PLACE(get_tensor_mutable_data, 51);
ORT_PLACE(create_cpu_memory_info, 69);
ORT_PLACE(get_allocator_with_default_options, 78);
ORT_PLACE(release_env, 92);
ORT_PLACE(release_session_options, 100);
ORT_PLACE(add_session_config_entry, 130);
ORT_PLACE(bind_output, 137);
#undef ORT_PLACE

#endif
