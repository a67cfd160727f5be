/* No suppressor: the output is the linear filter's. */
#ifndef UNECHO_SUPPRESS_NONE_H
#define UNECHO_SUPPRESS_NONE_H

#include "suppressor.h"

extern const suppressor_kind suppressor_none;

#endif
