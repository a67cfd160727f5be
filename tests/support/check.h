/* cmocka and the headers that it needs. */
#ifndef UNECHO_TEST_CHECK_H
#define UNECHO_TEST_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
