/* WebAssembly has no files, and the model lies beside the module: only bytes can be loaded. */
#include "file.h"
#include "unecho_model.h"

static const char advice[] = "this build reads no files and has no built-in model: load bytes";

int unecho_model_builtin(unecho_model **model, unecho_model_kind kind, char *text, size_t size)
{
    const message to = message_begin(text, size);
    (void)model;
    (void)kind;
    return message_fail(&to, UNECHO_ERROR_ARGUMENT, advice);
}

int file_read(unsigned char **bytes, size_t *size, const char *path, const message *to)
{
    (void)bytes;
    (void)size;
    (void)path;
    return message_fail(to, UNECHO_ERROR_FILE, advice);
}

bool file_is_missing(const char *path)
{
    (void)path;
    return true;
}
