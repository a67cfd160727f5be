/* The sizes that the library knows, for a program that was compiled with another header. */
#ifndef UNECHO_TEST_SIZES_LIBRARY_H
#define UNECHO_TEST_SIZES_LIBRARY_H

#include <stddef.h>

extern const size_t library_config, library_onnxruntime, library_stats, library_model_info,
    library_file_info;

#endif
