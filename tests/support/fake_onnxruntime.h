/*
 * A library that passes for ONNX Runtime and does no more than count: which release it claims to
 * be, at which call it fails, how many of its objects are alive.
 */
#ifndef UNECHO_TEST_FAKE_ONNXRUNTIME_H
#define UNECHO_TEST_FAKE_ONNXRUNTIME_H

typedef struct fake_controls {
    unsigned minor; /* it claims to be release 1.MINOR.0, with an interface of version MINOR */
    long calls;     /* that can fail, made so far */
    long fail_at;   /* the call, counted from 0, that fails; negative: none */
    long alive;     /* objects that were made and not released */
} fake_controls;

/* Found with dlsym. */
extern fake_controls fake;

#endif
