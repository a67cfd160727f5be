/* Replaces this folder in WebAssembly, where the post-filter runs alone. */
#include "dtln_suppressor.h"

static int refuse(suppressor_plan *plan, const message *to)
{
    (void)plan;
    return message_fail(to, UNECHO_ERROR_ARGUMENT,
                        "this build runs no DTLN-aec: expected a post-filter");
}

const suppressor_kind dtln_native = {.prepare = refuse};
const suppressor_kind dtln_onnxruntime = {.prepare = refuse};
