/* unecho_model_inspect_file: what a file holds, without making a model of it. */
#include "file.h"
#include "message.h"
#include "sized.h"
#include "stage_file.h"

#include "unecho_model.h"

#include <stdlib.h>

enum { INFO_LEAST = 2 * sizeof(size_t) };

int unecho_model_inspect_file(const char *path, unecho_model_file_info *info, char *text,
                              size_t size)
{
    const message to = message_begin(text, size);
    if (!path || !info || !sized_possible(info->size, INFO_LEAST, sizeof *info))
        return message_fail(&to, UNECHO_ERROR_ARGUMENT,
                            "path or info is NULL, or info->size is not set");
    unsigned char *bytes = NULL;
    size_t count = 0;
    unecho_model_file_info found = {0};
    int status = file_read(&bytes, &count, path, &to);
    if (status == UNECHO_OK)
        status = model_file_inspect(&found, bytes, count, path, &to);
    free(bytes);
    if (status == UNECHO_OK)
        sized_write(info, info->size, &found, sizeof found);
    return status;
}
