/*
 * The built-in model: read by whoever needs it first, shared by all, freed with the last reference.
 * There is no lock, so that no thread waits for one that was suspended or lost in a fork.
 */
#include "builtin.h"

#include "model_create.h"

#include <stdbool.h>

/* Threads that read the model at the same time each make a candidate; one of them is shared. */
enum { CANDIDATES = 256 };
static model_slot candidates[CANDIDATES];

/* The high byte: which candidate is shared. The other bits: its references; 0: none is shared. */
static atomic_size_t shared;

static size_t word_of(size_t candidate)
{
    return candidate * (MODEL_REFERENCES + 1);
}

static size_t candidate_of(size_t word)
{
    return word / (MODEL_REFERENCES + 1);
}

/* One more reference to the shared model; NULL: there is none. */
static unecho_model *acquire(void)
{
    size_t word = atomic_load(&shared);
    while ((word & MODEL_REFERENCES) != 0)
        if (atomic_compare_exchange_weak(&shared, &word, word + 1))
            return atomic_load(&candidates[candidate_of(word)]);
    return NULL;
}

/* Share candidate i, unless another one is shared already. */
static bool share(size_t i)
{
    size_t word = atomic_load(&shared);
    while ((word & MODEL_REFERENCES) == 0)
        if (atomic_compare_exchange_weak(&shared, &word, word_of(i) + 1))
            return true;
    return false;
}

/* The model itself, now shared, or the one that is shared instead of it. */
static unecho_model *share_or_acquire(unecho_model *model)
{
    for (size_t i = 0;; i = (i + 1) % CANDIDATES) {
        unecho_model *const other = acquire();
        if (other) {
            unecho_model_unref(&model);
            return other;
        }
        unecho_model *none = NULL;
        if (!atomic_compare_exchange_strong(&candidates[i], &none, model))
            continue;
        model_count_in(model, &shared, &candidates[i]);
        if (share(i))
            return model;
        model_count_in(model, NULL, NULL);
        atomic_store(&candidates[i], NULL);
    }
}

int unecho_model_default(unecho_model **model, char *text, size_t size)
{
    const message to = message_begin(text, size);
    if (!model)
        return message_fail(&to, UNECHO_ERROR_ARGUMENT, "model is NULL");
    unecho_model *found = acquire();
    if (!found) {
        const source sources[2] = {
            {BUILTIN_NAME, builtin_stage1, builtin_stage1_size(), &to},
            {BUILTIN_NAME " (stage 2)", builtin_stage2, builtin_stage2_size(), &to}};
        unecho_model *read = NULL;
        const int status = model_create(&read, sources, NULL);
        if (status < 0)
            return status;
        found = share_or_acquire(read);
    }
    *model = found;
    return UNECHO_OK;
}
