/*
 * The network by the operators of other exporters and quantisers: LSTM, LayerNormalization, Gemm in
 * every form, float16, int8. The weights are those that the file stands for, bit for bit; what is
 * not this network is refused by the node that does not fit.
 */
#include "check.h"
#include "model/onnx_stage.h"
#include "onnx_spellings.h"
#include "onnx_writer.h"
#include "signals.h"
#include "unecho.h"
#include "weights_equal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Takes the tree; the weights point into *file. */
static int read_tree(proto *model, int stage, bytes *file, stage_weights *weights, char *text)
{
    const message to = {text, UNECHO_MESSAGE_SIZE};
    text[0] = 0;
    *file = proto_write(model);
    proto_free(model);
    return onnx_stage_read(weights, stage, file->at, file->size, "some.onnx", &to);
}

static void give_the_same_weights(void **state)
{
    (void)state;
    for (size_t i = 0; i < spellings_count; i++)
        for (int stage = 1; stage <= 2; stage++) {
            char text[UNECHO_MESSAGE_SIZE];
            bytes files[2];
            stage_weights weights[2];
            proto *plain = rounded_model(stage, spellings[i].rounding);
            proto *spelled = spelled_model(stage, &spellings[i]);
            assert_int_equal(read_tree(plain, stage, &files[0], &weights[0], text), UNECHO_OK);
            if (read_tree(spelled, stage, &files[1], &weights[1], text) != UNECHO_OK)
                fail_msg("%s: %s", spellings[i].name, text);
            check_weights(&weights[0], &weights[1]);
            for (size_t k = 0; k < 2; k++) {
                free(weights[k].vectors);
                free(files[k].at);
            }
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(give_the_same_weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
