/* A module for scripts/web.sh that rewrites a post-filter with int8 matrices. */
#include "export.h"
#include "unecho_model.h"

#include <stdlib.h>

static unsigned char *written;
static char text[UNECHO_MESSAGE_SIZE];

EXPORT(void *, allocate, size_t size)
{
    return malloc(size);
}

/* Why `convert` failed. */
EXPORT(const char *, message, void)
{
    return text;
}

/* The new file. */
EXPORT(const void *, bytes, void)
{
    return written;
}

static size_t write_int8(const unecho_model *model)
{
    const unecho_storage storage = UNECHO_STORAGE_INT8;
    size_t size = 0;
    if (unecho_model_write(model, 1, storage, NULL, 0, &size, text, sizeof text) < 0)
        return 0;
    written = malloc(size);
    if (!written)
        return 0;
    const int status =
        unecho_model_write(model, 1, storage, written, size, &size, text, sizeof text);
    return status < 0 ? 0 : size;
}

/* Returns the size of the new file, or 0. */
EXPORT(size_t, convert, const void *bytes, size_t size)
{
    unecho_model *model = NULL;
    if (unecho_model_load_memory(&model, bytes, size, NULL, 0, text, sizeof text) < 0)
        return 0;
    const size_t result = write_int8(model);
    unecho_model_unref(&model);
    return result;
}
