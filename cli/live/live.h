/* unecho live: what the user asked for, and what is shown. Independent of PipeWire. */
#ifndef UNECHO_CLI_LIVE_H
#define UNECHO_CLI_LIVE_H

#include "unecho.h"

#include <stdbool.h>

typedef struct live_options {
    const char *mic, *sink; /* NULL: the default devices, whichever they are */
    unecho_engine engine;
    float suppression;
    unsigned noise_reduction_db;
    unsigned reference_late_ms;
    bool reference_late_given;
    const char *plugin; /* NULL: where it is installed */
    bool list, install, uninstall;
} live_options;

/* What keeps it from cancelling, in the order of what must be there first. */
typedef enum live_stage {
    LIVE_NO_SERVER,
    LIVE_NO_MIC,
    LIVE_NO_SINK,
    LIVE_IDLE, /* nothing records from it */
    LIVE_RUNS
} live_stage;

typedef struct live_state {
    live_stage stage;
    const char *mic, *sink; /* as users know them; NULL: there is none */
    const char *name;       /* of the virtual microphone, likewise */
    unecho_stats stats;     /* where it runs */
    double far_seconds;     /* how much far end was heard since there was no echo */
    double mixed;           /* when it was last not the far end alone that sounded */
    float echo_db;          /* by how much the echo was lower when it last was; 0: it never was */
} live_state;

/* Each returns one of report.h's exit codes. */
int live_run(const live_options *options);
int live_list(const live_options *options);
int live_install(const live_options *options);
int live_uninstall(void);

#endif
