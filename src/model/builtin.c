/*
 * The models that come with unecho: read by whoever needs one first, shared by all, freed with the
 * last reference. There is no lock, so that no thread waits for one that was suspended or lost in a
 * fork.
 */
#include "model_create.h"

#include <stdbool.h>

/* Threads that read a model at the same time each make a candidate; one of them is shared. */
enum { CANDIDATES = 256 };

/* The ONNX file that builtin.S embeds. */
extern const unsigned char builtin_postfilter[], builtin_postfilter_end[];

typedef struct shared_model {
    model_slot candidates[CANDIDATES];
    /* The high byte: which candidate is shared. The other bits: its references; 0: none is. */
    atomic_size_t word;
} shared_model;

static size_t word_of(size_t candidate)
{
    return candidate * (MODEL_REFERENCES + 1);
}

static size_t candidate_of(size_t word)
{
    return word / (MODEL_REFERENCES + 1);
}

/* One more reference to the shared model; NULL: there is none. */
static unecho_model *acquire(shared_model *shared)
{
    size_t word = atomic_load(&shared->word);
    while ((word & MODEL_REFERENCES) != 0)
        if (atomic_compare_exchange_weak(&shared->word, &word, word + 1))
            return atomic_load(&shared->candidates[candidate_of(word)]);
    return NULL;
}

/* Share candidate i, unless another one is shared already. */
static bool share(shared_model *shared, size_t i)
{
    size_t word = atomic_load(&shared->word);
    while ((word & MODEL_REFERENCES) == 0)
        if (atomic_compare_exchange_weak(&shared->word, &word, word_of(i) + 1))
            return true;
    return false;
}

/* The model itself, now shared, or the one that is shared instead of it. */
static unecho_model *share_or_acquire(shared_model *shared, unecho_model *model)
{
    for (size_t i = 0;; i = (i + 1) % CANDIDATES) {
        unecho_model *const other = acquire(shared);
        if (other) {
            unecho_model_unref(&model);
            return other;
        }
        unecho_model *none = NULL;
        if (!atomic_compare_exchange_strong(&shared->candidates[i], &none, model))
            continue;
        model_count_in(model, &shared->word, &shared->candidates[i]);
        if (share(shared, i))
            return model;
        model_count_in(model, NULL, NULL);
        atomic_store(&shared->candidates[i], NULL);
    }
}

static int read_kind(unecho_model **model, unecho_model_kind kind, const message *to)
{
    if (kind == UNECHO_MODEL_DTLN_AEC)
        return model_load_installed(model, "unecho-128", to);
    const size_t size = (size_t)(builtin_postfilter_end - builtin_postfilter);
    const source postfilter = {"unecho-post", builtin_postfilter, size, to};
    return model_create(model, &postfilter, NULL, 1);
}

int unecho_model_builtin(unecho_model **model, unecho_model_kind kind, char *text, size_t size)
{
    static shared_model all[2];
    const message to = message_begin(text, size);
    if (!model)
        return message_fail(&to, UNECHO_ERROR_ARGUMENT, "model is NULL");
    if (kind != UNECHO_MODEL_DTLN_AEC && kind != UNECHO_MODEL_POSTFILTER)
        return message_fail(&to, UNECHO_ERROR_ARGUMENT, "kind is %d, expected %d or %d", (int)kind,
                            UNECHO_MODEL_DTLN_AEC, UNECHO_MODEL_POSTFILTER);
    shared_model *const shared = &all[kind - UNECHO_MODEL_DTLN_AEC];
    unecho_model *found = acquire(shared);
    if (!found) {
        unecho_model *read = NULL;
        const int status = read_kind(&read, kind, &to);
        if (status < 0)
            return status;
        found = share_or_acquire(shared, read);
    }
    *model = found;
    return UNECHO_OK;
}
