/* For tests of promises that streams keep with every kind of model: a group of tests for each. */
#ifndef UNECHO_TEST_EACH_MODEL_H
#define UNECHO_TEST_EACH_MODEL_H

#include "unecho_model.h"

/* The built-in model that the group is for. */
static unecho_model *model;

static int open_model(unecho_model_kind kind)
{
    return unecho_model_builtin(&model, kind, NULL, 0);
}

/* Run the group "NAME, MODEL" of `tests` for both kinds; set_up and tear_down may be NULL. */
#define RUN_FOR_EACH_MODEL(name, tests, set_up, tear_down)                                         \
    do {                                                                                           \
        int failed_ = open_model(UNECHO_MODEL_DTLN_AEC);                                           \
        failed_ |= cmocka_run_group_tests_name(name ", DTLN-aec", tests, set_up, tear_down);       \
        unecho_model_unref(&model);                                                                \
        failed_ |= open_model(UNECHO_MODEL_POSTFILTER);                                            \
        failed_ |= cmocka_run_group_tests_name(name ", post-filter", tests, set_up, tear_down);    \
        unecho_model_unref(&model);                                                                \
        return failed_;                                                                            \
    } while (0)

#endif
