/* Fail the test unless the weights from two files are equal, bit for bit. */
#ifndef UNECHO_TEST_WEIGHTS_EQUAL_H
#define UNECHO_TEST_WEIGHTS_EQUAL_H

#include "model/stage_weights.h"

void check_weights(const stage_weights *a, const stage_weights *b);
/* Rows row_a.. of a against rows row_b.. of b. */
void check_matrix_rows(const char *what, const matrix *a, size_t row_a, const matrix *b,
                       size_t row_b, size_t rows);

#endif
