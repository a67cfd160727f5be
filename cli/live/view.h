/* What unecho live shows: on a terminal a few lines that change, elsewhere a line for each change.
 */
#ifndef UNECHO_CLI_LIVE_VIEW_H
#define UNECHO_CLI_LIVE_VIEW_H

#include "live/live.h"

enum { VIEW_LINES = 24 };

typedef struct live_view {
    bool draws;                  /* on a terminal that can */
    bool blocks;                 /* it knows block characters */
    unsigned columns, most;      /* of the terminal: columns, and lines that fit */
    unsigned column;             /* of the line that is being drawn */
    unsigned lines;              /* drawn, to be drawn over */
    unsigned widths[VIEW_LINES]; /* columns of each */
    char said[1200];             /* the last line without a terminal */
    char candidate[1200];        /* what it will be if it stays so */
    double since;                /* when that came */
    double told;                 /* when figures were printed */
} live_view;

void view_begin(live_view *v);
void view_show(live_view *v, const live_state *state);
/* Clear what is drawn: others may print now. */
void view_clear(live_view *v);
void view_end(live_view *v);

#endif
