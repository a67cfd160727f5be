/* cmocka and the headers that it needs. */
#ifndef UNECHO_TEST_CHECK_H
#define UNECHO_TEST_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* cmocka 2 deprecates its own, and names the new ones by type. */
#undef assert_in_range
#define assert_in_range(value, low, high)                                                          \
    do {                                                                                           \
        if (!check_in_range((uintmax_t)(value), (uintmax_t)(low), (uintmax_t)(high)))              \
            fail_msg("%s is not in %s to %s", #value, #low, #high);                                \
    } while (0)

static inline int check_in_range(uintmax_t value, uintmax_t low, uintmax_t high)
{
    return value >= low && value <= high;
}

#endif
