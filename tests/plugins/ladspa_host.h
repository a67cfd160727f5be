/*
 * A LADSPA host of a few lines: loads the plugin's file and runs instances. Knows nothing of the
 * library behind it.
 */
#ifndef UNECHO_TEST_LADSPA_HOST_H
#define UNECHO_TEST_LADSPA_HOST_H

#include <ladspa.h>
#include <stddef.h>

enum { MIC, FAR, OUT, SIGNALS };
enum { ENGINE, SUPPRESSION, NOISE_REDUCTION, LATE_REFERENCE, LATENCY, CONTROLS };

typedef struct instance {
    const LADSPA_Descriptor *descriptor;
    LADSPA_Handle handle;
    unsigned channels;
    float controls[CONTROLS]; /* the ports are connected to these */
} instance;

/* The plugin of that label; fails the test if there is none. unload_plugins closes the file. */
const LADSPA_Descriptor *load_plugin(const char *label);
void unload_plugins(void);

/* A function of the file besides LADSPA's own; fails the test if there is none. */
void *load_function(const char *name);

/* The port's default as its hint says. */
float default_of(const LADSPA_Descriptor *descriptor, unsigned long port);

/* Its controls are connected, at their defaults, and it is not active. handle NULL: no memory. */
void instantiate(instance *i, const char *label, unsigned long rate);
void cleanup(instance *i);

/*
 * Run n frames in blocks of odd sizes, each connected before it runs. One buffer per channel; a
 * NULL buffer is not connected.
 */
void run(instance *i, float *const *mic, float *const *far, float *const *out, size_t n);

#endif
