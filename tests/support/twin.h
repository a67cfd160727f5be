/* Tests of C against a program in Python that computes the same: files between the two. */
#ifndef UNECHO_TEST_TWIN_H
#define UNECHO_TEST_TWIN_H

#include <stddef.h>

/* Skip the test where `python` is empty: there was none with numpy. In CI this is a failure. */
void need_numpy(const char *python);

/* A folder for the files; removed with all files that were named with twin_path. */
void twin_begin(void);
void twin_end(void);
/* Valid until the eighth call from now on. */
const char *twin_path(const char *name);
void twin_write(const char *name, const float *x, size_t count);
/* Run "PYTHON PROGRAM ARGUMENTS" in the folder; it succeeds. */
void twin_run(const char *python, const char *program, const char *arguments);

#endif
