/* DTLN-aec as suppressors: its two stages on unecho's own kernels, or on ONNX Runtime. */
#ifndef UNECHO_DTLN_SUPPRESSOR_H
#define UNECHO_DTLN_SUPPRESSOR_H

#include "suppress/suppressor.h"

extern const suppressor_kind dtln_native, dtln_onnxruntime;

#endif
