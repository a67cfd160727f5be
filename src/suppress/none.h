/* No suppressor: the output is that of the linear filter. */
#ifndef UNECHO_SUPPRESS_NONE_H
#define UNECHO_SUPPRESS_NONE_H

#include "suppressor.h"

extern const suppressor_kind suppressor_none;

#endif
