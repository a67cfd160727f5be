/* SpeexDSP's echo canceller, to compare with. */
#ifndef UNECHO_TEST_SPEEX_H
#define UNECHO_TEST_SPEEX_H

#include "linear_run.h"

/* Its error in s->error, with a tail as long as the linear canceller's by default. */
void cancel_by_speex(scene *s);

#endif
