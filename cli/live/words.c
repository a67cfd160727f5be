#include "live/words.h"

#include <math.h>
#include <stdio.h>

/* Below this no echo is seen, says unecho.h. */
#define CONFIDENT 0.3f
/* Any microphone that is not muted has more noise. */
#define SILENT_DB (-100.0f)
/* Of far end: the aligner needs two, and what comes first may be music that starts softly. */
#define SEARCH_SECONDS 15.0

bool live_sees_echo(const unecho_stats *stats)
{
    return stats->aligned && stats->confidence >= CONFIDENT;
}

static void running_words(const live_state *state, char *text, size_t size)
{
    const unecho_stats *const s = &state->stats;
    const int delay = (int)lrintf(s->delay_ms);
    const char *const when = delay < 0 ? "early" : "late";
    const bool far_active = s->far_now_db > 10.0f * log10f((float)UNECHO_FAR_ACTIVE_POWER);
    if (s->frames == 0)
        snprintf(text, size, "the microphone passes unchanged: see the message above");
    else if (s->mic_now_db < SILENT_DB)
        snprintf(text, size, "the microphone is silent: is it muted?");
    else if (live_sees_echo(s))
        snprintf(text, size, "echo found %d ms %s", delay < 0 ? -delay : delay, when);
    else if (s->aligned)
        snprintf(text, size, "no echo at present");
    else if (state->far_seconds >= SEARCH_SECONDS)
        snprintf(text, size,
                 "no echo in the microphone: fine with headphones, otherwise try --sink");
    else if (far_active)
        snprintf(text, size, "looking for the echo");
    else
        snprintf(text, size, "waiting for the far end");
}

void live_words(const live_state *state, char *text, size_t size)
{
    switch (state->stage) {
    case LIVE_NO_SERVER:
        snprintf(text, size, "waiting for PipeWire");
        break;
    case LIVE_NO_MIC:
        snprintf(text, size, "waiting for the microphone");
        break;
    case LIVE_NO_SINK:
        snprintf(text, size, "waiting for a loudspeaker");
        break;
    case LIVE_IDLE:
        snprintf(text, size, "ready: choose \"%s\" as microphone in your program", state->name);
        break;
    case LIVE_RUNS:
        running_words(state, text, size);
        break;
    }
}
