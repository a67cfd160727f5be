#include "batch/board.h"

#include "progress.h"
#include "report.h"

#include <math.h>

/* Between two status lines, and between two lines of a log. */
#define SOON_S  0.2
#define LATER_S 30.0

void board_start(struct board *b, const struct plan *plan, bool quiet)
{
    *b = (struct board){.total = plan->count, .weight = plan->weight, .quiet = quiet};
    b->on_terminal = report_has_status();
    b->start = b->last = progress_now();
}

void board_write_time(char *text, size_t size, double seconds)
{
    const double minutes = round(seconds / 60.0);
    /* Two digits at least: the speed that stands beside it fits them. */
    if (seconds < 10.0)
        snprintf(text, size, "%.2g s", fmax(seconds, 0.001));
    else if (seconds < 60.0)
        snprintf(text, size, "%.0f s", seconds);
    else if (minutes < 60.0)
        snprintf(text, size, "%.0f min", minutes);
    else
        snprintf(text, size, "%.0f h %.0f min", floor(minutes / 60.0), fmod(minutes, 60.0));
}

void board_show(struct board *b, double under_way)
{
    const double now = progress_now(), elapsed = now - b->start;
    const double processed = b->processed + under_way;
    const double left = b->weight - b->passed_over - processed;
    char line[160], time[40];
    int length;
    if (b->quiet || now - b->last < (b->on_terminal ? SOON_S : LATER_S))
        return;
    b->last = now;
    length = snprintf(line, sizeof(line), "%zu of %zu pairs", b->done + b->unchanged + b->failed,
                      b->total);
    if (b->failed)
        length += snprintf(line + length, sizeof(line) - (size_t)length, ", %zu failed", b->failed);
    if (b->seconds > 0.0)
        length += snprintf(line + length, sizeof(line) - (size_t)length, ", %.0f x real time",
                           b->seconds / elapsed);
    if (processed > 0.0 && left > 0.0) {
        board_write_time(time, sizeof(time), ceil(elapsed * left / processed));
        snprintf(line + length, sizeof(line) - (size_t)length, ", %s left", time);
    }
    if (b->on_terminal)
        report_status(line);
    else
        fprintf(stderr, "%s\n", line);
}

void board_end(struct board *b)
{
    if (b->on_terminal)
        report_status("");
}
