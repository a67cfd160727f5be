/* unecho_model_inspect_file: what a file holds, without making a model of it. */
#include "file.h"
#include "message.h"
#include "stage_file.h"

#include "unecho.h"

#include <stdlib.h>

int unecho_model_inspect_file(const char *path, unecho_model_file_info *info, char *text,
                              size_t size)
{
    const message to = message_begin(text, size);
    if (!path || !info || info->size != sizeof *info)
        return message_fail(&to, UNECHO_ERROR_ARGUMENT,
                            "path or info is NULL, or info->size is not set");
    unsigned char *bytes = NULL;
    size_t count = 0;
    unecho_model_file_info found = {.size = sizeof found};
    stage_weights weights;
    int status = file_read(&bytes, &count, path, &to);
    if (status == UNECHO_OK)
        status = stage_file_inspect(&weights, &found, bytes, count, path, &to);
    free(bytes);
    if (status != UNECHO_OK)
        return status;
    free(weights.vectors);
    *info = found;
    return UNECHO_OK;
}
