#include "files/text_output.h"

#include "files/scratch.h"
#include "report.h"

#include <errno.h>
#include <string.h>

static bool copy(output_file *output, FILE *text)
{
    char part[4096];
    size_t n;
    if (fflush(text) != 0 || ferror(text) || fseek(text, 0, SEEK_SET) != 0) {
        report_error("%s: temporary file: %s", output->name, strerror(errno));
        return false;
    }
    if (!output_open(output))
        return false;
    while ((n = fread(part, 1, sizeof(part), text)) > 0)
        if (!output_write(output, part, n))
            return false;
    return output_commit(output);
}

bool text_output_write(output_file *output, text_writer *writer, void *user)
{
    bool done;
    FILE *text;
    if (output->kind == OUTPUT_NOWHERE)
        return true;
    text = scratch_open(NULL);
    if (!text)
        return false;
    done = writer(user, text) && copy(output, text);
    fclose(text);
    return done;
}
