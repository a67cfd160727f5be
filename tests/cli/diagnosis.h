/* What `unecho doctor --json` says of a pair. */
#ifndef UNECHO_TEST_DIAGNOSIS_H
#define UNECHO_TEST_DIAGNOSIS_H

#include "check.h"
#include "command.h"
#include "json.h"

#include <stdio.h>

/* Runs doctor on these words; problem NULL: all is well. */
static inline void expect_problem(outcome *result, const char *words, const char *problem)
{
    char line[256], code[80];
    snprintf(line, sizeof(line), "doctor --json %s", words);
    run(result, line);
    expect_code(result, problem ? 3 : 0);
    assert_true(json_is_valid(result->output));
    if (!problem) {
        expect_part(result->output, "{\"fine\": true, \"verdict\": \"fine: ");
        return;
    }
    snprintf(code, sizeof(code), "\"findings\": [{\"code\": \"%s\", \"problem\": true", problem);
    expect_part(result->output, code);
}

static inline double figure(const outcome *result, const char *key)
{
    return json_number(result->output, NULL, key);
}

#endif
