#include "unecho.h"

const char *unecho_strerror(int status)
{
    switch (status) {
    case UNECHO_OK:
        return "success";
    case UNECHO_ERROR_ARGUMENT:
        return "invalid argument";
    case UNECHO_ERROR_MEMORY:
        return "out of memory";
    case UNECHO_ERROR_FILE:
        return "a file cannot be opened or read";
    case UNECHO_ERROR_FORMAT:
        return "a file is not a model or profile, or is damaged";
    case UNECHO_ERROR_MODEL:
        return "a model file holds a network that unecho cannot run";
    case UNECHO_ERROR_SAMPLE_RATE:
        return "unsupported sample rate (8000 to 192000 Hz)";
    case UNECHO_ERROR_CHUNK:
        return "whole_hops is set, but the chunk is not a multiple of 128 samples";
    case UNECHO_ERROR_BACKEND:
        return "ONNX Runtime is missing, is too old, or failed";
    default:
        return "unknown status";
    }
}

#define TEXT_(x) #x
#define TEXT(x)  TEXT_(x)

const char *unecho_version(void)
{
    return TEXT(UNECHO_VERSION_MAJOR) "." TEXT(UNECHO_VERSION_MINOR) "." TEXT(UNECHO_VERSION_PATCH);
}
