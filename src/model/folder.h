/* The models that come with unecho as files. */
#ifndef UNECHO_MODEL_FOLDER_H
#define UNECHO_MODEL_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

/* The folder that the environment variable UNECHO_MODELS names, or the configured one. */
const char *model_folder_usual(void);

/*
 * Where to look, i counting from 0: in the folder that UNECHO_MODELS names and no other, or beside
 * the library (or the program that holds it) and then in the configured folder. Writes the path,
 * cut to size; false: there is no such i.
 */
bool model_folder(char *path, size_t size, size_t i);

#endif
