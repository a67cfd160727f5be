/* Copies page.html, with the journal's lines in place of a mark. */
#include "batch/page.h"

#include "batch/examine.h"
#include "files/json.h"
#include "report.h"

#include "unecho.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const unsigned char page_template[];
extern const size_t page_template_size;

struct page {
    const output_file *output;
    size_t at; /* in the template */
    bool failed;
};

/* Within a script, nothing may look like a tag. */
static bool write_data(void *user, char *text, size_t length)
{
    struct page *p = user;
    for (char *end = text + length; text < end && !p->failed;) {
        const char *tag = memchr(text, '<', (size_t)(end - text));
        const size_t plain = tag ? (size_t)(tag - text) : (size_t)(end - text);
        p->failed = !output_write(p->output, text, plain) ||
                    (tag && !output_write(p->output, "\\u003c", 6));
        text += plain + (tag != NULL);
    }
    return !p->failed;
}

/* The template up to a mark, which is left out; NULL: to its end. */
static void write_until(struct page *p, const char *mark)
{
    const char *text = (const char *)page_template + p->at;
    size_t length = page_template_size - p->at, skip = 0;
    for (size_t i = 0; mark && i + strlen(mark) <= length; i++) {
        if (memcmp(text + i, mark, strlen(mark)) != 0)
            continue;
        length = i;
        skip = strlen(mark);
    }
    p->failed = p->failed || !output_write(p->output, text, length);
    p->at += length + skip;
}

static void write_facts(struct page *p, const char *folder)
{
    char *text = NULL, *page = realpath(p->output->directory, NULL);
    char *outputs = realpath(folder, NULL);
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    bool done = stream && page && outputs;
    if (done) {
        fputs("{\"page\": ", stream);
        json_print_string(page, stream);
        fputs(", \"folder\": ", stream);
        json_print_string(outputs, stream);
        fprintf(stream, ", \"version\": \"%s\", \"columns\": %d, \"rows\": %d}", unecho_version(),
                THUMBNAIL_COLUMNS, THUMBNAIL_ROWS);
    }
    done = stream && fclose(stream) == 0 && done;
    if (done)
        write_data(p, text, size);
    else
        report_error("%s: %s", p->output->name, strerror(errno));
    p->failed = p->failed || !done;
    free(text);
    free(page);
    free(outputs);
}

bool page_write(output_file *output, struct journal *journal, bool all, const char *folder)
{
    struct page p = {.output = output};
    if (!output_open(output))
        return false;
    write_until(&p, "@FACTS@");
    write_facts(&p, folder);
    write_until(&p, "@ROWS@");
    if (!p.failed && !journal_visit(journal, all, write_data, &p))
        p.failed = true;
    write_until(&p, NULL);
    return !p.failed && output_commit(output);
}
