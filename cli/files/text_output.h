/* A text file that appears complete or not at all. */
#ifndef UNECHO_CLI_TEXT_OUTPUT_H
#define UNECHO_CLI_TEXT_OUTPUT_H

#include "files/output_file.h"

#include <stdbool.h>
#include <stdio.h>

/* Writes the text. false: failed, reported. */
typedef bool text_writer(void *user, FILE *stream);

/* Write the text to output, which has been inspected. false: failed, reported. */
bool text_output_write(output_file *output, text_writer *writer, void *user);

#endif
