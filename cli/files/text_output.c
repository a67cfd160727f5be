#include "files/text_output.h"

#include "report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool text_output_write(output_file *output, text_writer *writer, void *user)
{
    char *text = NULL;
    size_t size = 0;
    bool done;
    FILE *memory;
    if (output->kind == OUTPUT_NOWHERE)
        return true;
    memory = open_memstream(&text, &size);
    if (!memory) {
        report_error("%s: %s", output->name, strerror(errno));
        return false;
    }
    done = writer(user, memory);
    if (fclose(memory) != 0 && done) {
        report_error("%s: %s", output->name, strerror(errno));
        done = false;
    }
    done = done && output_open(output) && output_write(output, text, size) && output_commit(output);
    free(text);
    return done;
}
