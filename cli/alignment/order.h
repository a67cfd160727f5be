/* Which of two recordings is the microphone's, if the echo of one is found in the other. */
#ifndef UNECHO_CLI_ORDER_H
#define UNECHO_CLI_ORDER_H

#include "alignment/levels.h"

/* How long one end is active while the other is quiet, as seen at the microphone. */
struct alone {
    double mic_seconds, far_seconds;
};

/* An end as it sounds: its levels, and their mean while active. */
struct loudness {
    const struct levels *levels;
    double active_db;
};

/* The time of the far end that is heard at a time of the microphone. */
typedef double far_time(const void *context, double mic_seconds);

struct alone alone_count(struct loudness mic, struct loudness far, far_time *heard,
                         const void *context);

enum ends_order { ENDS_UNKNOWN, ENDS_RIGHT, ENDS_SWAPPED };

/* tail: 1: the sound of the microphone rings after that of the far end, -1: the reverse. */
enum ends_order ends_find_order(struct alone alone, double tail);

#endif
