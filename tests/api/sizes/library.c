#include "library.h"

#include "unecho_model.h"
#include "unecho_onnxruntime.h"

const size_t library_config = sizeof(unecho_config);
const size_t library_onnxruntime = sizeof(unecho_onnxruntime);
const size_t library_stats = sizeof(unecho_stats);
const size_t library_model_info = sizeof(unecho_model_info);
const size_t library_file_info = sizeof(unecho_model_file_info);
