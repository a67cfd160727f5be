/*
 * Values of JavaScript as C has them: numbers, arrays of samples. What fails has thrown, and
 * returns false or NULL.
 */
#ifndef UNECHO_NODE_VALUES_H
#define UNECHO_NODE_VALUES_H

#define NAPI_VERSION 8
#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>

typedef napi_status thrower(napi_env env, const char *code, const char *message);

/* Return false. */
__attribute__((format(printf, 3, 4))) bool fail(napi_env env, thrower *throw_it, const char *format,
                                                ...);
bool fail_status(napi_env env, int status, const char *message);
/* Of a call of Node-API. */
bool succeeded(napi_env env, napi_status status);

typedef struct array {
    napi_typedarray_type type;
    size_t length; /* in elements */
    void *data;
} array;

bool is_absent(napi_env env, napi_value value);
bool get_number(napi_env env, napi_value value, double *number);
/* A value that is no typed array, or one of a kind that Node-API does not know, has the type of
 * bytes, which nothing here takes. */
bool get_array(napi_env env, napi_value value, const char *name, array *found);
/* Samples of whole frames; with `like`, of its type. */
bool get_samples(napi_env env, napi_value value, const char *name, unsigned channels,
                 const array *like, array *found);
bool check_length(napi_env env, const array *samples, const char *name, size_t expected);
/* The same samples are allowed only where `same` says so. */
bool check_overlap(napi_env env, const array *out, const array *in, const char *name, bool same);
/* Of Int16, Float32 or Float64, by the class of JavaScript: where there is no memory it throws,
 * while napi_create_arraybuffer ends the process. */
napi_value create_array(napi_env env, napi_typedarray_type type, size_t length, void **data);

#endif
