/* How models are made, for the files that load them. */
#ifndef UNECHO_MODEL_CREATE_H
#define UNECHO_MODEL_CREATE_H

#include "graph/source.h"
#include "unecho_model.h"

#include <stdatomic.h>

enum { MODEL_FILES_MAX = 2 };

/*
 * Read `count` files: one is a post-filter, two are the stages of DTLN-aec. owned: the sources'
 * bytes, which the model frees with itself and which are freed on failure; NULL: they outlive the
 * model.
 */
int model_create(unecho_model **result, const source *sources, unsigned char *const *owned,
                 size_t count);

/* Load a model that comes with unecho as files, by its name: "unecho-128". FILE: not found. */
int model_load_installed(unecho_model **model, const char *name, const message *to);

typedef _Atomic(unecho_model *) model_slot;

/*
 * Count the references of a model in the low bits of a word outside it, and store NULL in the slot
 * just before the model is freed. NULL, NULL: count in the model again. Only the single owner of a
 * model with one reference may call this; it does not change the word.
 */
void model_count_in(unecho_model *model, atomic_size_t *references, model_slot *slot);
/* The bits of such a word that count. */
#define MODEL_REFERENCES (SIZE_MAX >> 8)

#endif
