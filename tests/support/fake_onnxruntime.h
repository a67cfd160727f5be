/*
 * A library that poses as ONNX Runtime and only counts. A test sets the release it claims to be and
 * the call at which it fails, and reads how many of its objects are alive.
 */
#ifndef UNECHO_TEST_FAKE_ONNXRUNTIME_H
#define UNECHO_TEST_FAKE_ONNXRUNTIME_H

typedef struct fake_controls {
    unsigned minor; /* claims to be release 1.MINOR.0, with an interface of version MINOR */
    long calls;     /* calls so far that can fail */
    long fail_at;   /* index of the call that fails; negative: none */
    long alive;     /* objects created and not released */
} fake_controls;

/* Found with dlsym. */
extern fake_controls fake;

#endif
