/* A picture that appears complete or not at all: an SVG, or a PNG where rsvg-convert is there. */
#ifndef UNECHO_CLI_PICTURE_H
#define UNECHO_CLI_PICTURE_H

#include "files/output_file.h"
#include "files/text_output.h"

#include <stdbool.h>

/*
 * Whether the picture can be written, without changing anything; taken: what goes to standard
 * output. false: it cannot, reported. output_release in either case.
 */
bool picture_inspect(output_file *output, const char *path, const char *taken);

/* Write the SVG of writer in the format of the name's ending. false: failed, reported. */
bool picture_write(output_file *output, text_writer *writer, void *user);

#endif
