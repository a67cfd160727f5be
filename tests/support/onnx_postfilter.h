/* Our post-filter's file as a tree that tests edit. */
#ifndef UNECHO_TEST_ONNX_POSTFILTER_H
#define UNECHO_TEST_ONNX_POSTFILTER_H

#include "onnx_writer.h"

#define POSTFILTER_FILE UNECHO_MODELS_DIR "/unecho-post.onnx"

proto *our_postfilter(void);
/* Without the output that says whether the near end talks. */
proto *postfilter_of_old(void);
/* The same network: a layer's output taken from its steps, a dense layer as Gemm. */
proto *postfilter_from_steps(void);
proto *postfilter_with_gemm(void);
/* Any of these with FEWEST_UNITS; the weights are repeated. */
void shrink_postfilter(const proto *model);
proto *small_postfilter(void);

#endif
