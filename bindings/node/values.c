#include "values.h"

#include "unecho.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

bool fail(napi_env env, thrower *throw_it, const char *format, ...)
{
    char message[UNECHO_MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    throw_it(env, NULL, message);
    return false;
}

bool fail_status(napi_env env, int status, const char *message)
{
    const bool range = status == UNECHO_ERROR_ARGUMENT || status == UNECHO_ERROR_SAMPLE_RATE;
    return fail(env, range ? napi_throw_range_error : napi_throw_error, "%s", message);
}

bool succeeded(napi_env env, napi_status status)
{
    if (status == napi_ok)
        return true;
    const napi_extended_error_info *info = NULL;
    napi_get_last_error_info(env, &info);
    const char *message = info && info->error_message ? info->error_message : "Node-API failed";
    bool pending = false;
    napi_is_exception_pending(env, &pending);
    if (!pending)
        fail(env, napi_throw_error, "%s", message);
    return false;
}

bool is_absent(napi_env env, napi_value value)
{
    napi_valuetype type = napi_undefined;
    napi_typeof(env, value, &type);
    return type == napi_undefined || type == napi_null;
}

bool get_array(napi_env env, napi_value value, const char *name, array *found)
{
    *found = (array){.type = napi_uint8_array};
    bool is_array = false;
    bool detached = false;
    napi_value buffer;
    if (!succeeded(env, napi_is_typedarray(env, value, &is_array)))
        return false;
    if (!is_array)
        return true;
    if (!succeeded(env, napi_get_typedarray_info(env, value, &found->type, &found->length,
                                                 &found->data, &buffer, NULL)) ||
        !succeeded(env, napi_is_detached_arraybuffer(env, buffer, &detached)))
        return false;
    return !detached || fail(env, napi_throw_type_error, "%s has a detached buffer", name);
}

static const char *type_name(const array *samples)
{
    return samples->type == napi_int16_array ? "Int16Array" : "Float32Array";
}

bool get_samples(napi_env env, napi_value value, const char *name, unsigned channels,
                 const array *like, array *found)
{
    if (!get_array(env, value, name, found))
        return false;
    if (found->type != napi_float32_array && found->type != napi_int16_array)
        return fail(env, napi_throw_type_error, "%s must be a Float32Array or an Int16Array", name);
    if (like && found->type != like->type)
        return fail(env, napi_throw_type_error, "%s is %s, expected %s", name, type_name(found),
                    type_name(like));
    return found->length % channels == 0 ||
           fail(env, napi_throw_range_error, "%s has %zu samples, expected a multiple of %u", name,
                found->length, channels);
}

bool check_length(napi_env env, const array *samples, const char *name, size_t expected)
{
    return samples->length == expected ||
           fail(env, napi_throw_range_error, "%s has %zu samples, expected %zu", name,
                samples->length, expected);
}

bool check_overlap(napi_env env, const array *out, const array *in, const char *name, bool same)
{
    const size_t size = out->type == napi_int16_array ? sizeof(int16_t) : sizeof(float);
    const uintptr_t a = (uintptr_t)out->data;
    const uintptr_t b = (uintptr_t)in->data;
    if (a >= b + size * in->length || b >= a + size * out->length || (same && a == b))
        return true;
    return fail(env, napi_throw_range_error, "out overlaps %s", name);
}

bool get_number(napi_env env, napi_value value, double *number)
{
    return napi_get_value_double(env, value, number) == napi_ok ||
           fail(env, napi_throw_type_error, "expected a number");
}

napi_value create_array(napi_env env, napi_typedarray_type type, size_t length, void **data)
{
    const char *name = type == napi_int16_array     ? "Int16Array"
                       : type == napi_float32_array ? "Float32Array"
                                                    : "Float64Array";
    napi_value global;
    napi_value class;
    napi_value size;
    napi_value created;
    array found;
    if (!succeeded(env, napi_get_global(env, &global)) ||
        !succeeded(env, napi_get_named_property(env, global, name, &class)) ||
        !succeeded(env, napi_create_double(env, (double)length, &size)) ||
        !succeeded(env, napi_new_instance(env, class, 1, &size, &created)) ||
        !get_array(env, created, name, &found))
        return NULL;
    /* A program may have replaced the class. */
    if (found.type != type || found.length != length) {
        fail(env, napi_throw_type_error, "%s is not that of JavaScript", name);
        return NULL;
    }
    *data = found.data;
    return created;
}
