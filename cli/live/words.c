#include "live/words.h"

#include "live/state.h"

#include <math.h>
#include <stdio.h>

/* Any microphone that is not muted has more noise. */
#define SILENT_DB (-100.0f)
/* Of far end: the aligner needs two, and what comes first may be music that starts softly. */
#define SEARCH_SECONDS 15.0

static void running_words(const live_state *state, char *text, size_t size)
{
    const unecho_stats *const s = &state->stats;
    const int delay = (int)lrintf(s->delay_ms);
    const char *const when = delay < 0 ? "early" : "late";
    if (s->frames == 0)
        snprintf(
            text, size,
            "the microphone passes unchanged: PipeWire's rate is outside 8 to 192 kHz, or memory "
            "is short");
    else if (s->mic_now_db < SILENT_DB)
        snprintf(text, size, "the microphone is silent: is it muted?");
    else if (live_sees_echo(s))
        snprintf(text, size, "echo found %d ms %s", delay < 0 ? -delay : delay, when);
    else if (s->aligned)
        snprintf(text, size, "no echo at present");
    else if (state->far_seconds >= SEARCH_SECONDS)
        snprintf(text, size,
                 "no echo in the microphone: fine with headphones, otherwise try --sink");
    else if (live_hears_far(s))
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

void live_figures(const live_state *state, char *text, size_t size)
{
    const unecho_stats *const s = &state->stats;
    char echo[64] = "";
    text[0] = '\0';
    if (state->stage != LIVE_RUNS || !live_sees_echo(s))
        return;
    if (state->echo_db > 0.0f)
        snprintf(echo, sizeof(echo), "echo %.0f dB lower, ", (double)state->echo_db);
    snprintf(text, size, "%sdelay %.0f ms, clock drift %+.0f ppm", echo, (double)s->delay_ms,
             (double)s->drift_ppm);
}
