#include "speex.h"

#include <math.h>
#include <speex/speex_echo.h>

static short to_short(float x)
{
    const float scaled = x * 32768.0f;
    return (short)lrintf(scaled > 32767.0f ? 32767.0f : scaled < -32768.0f ? -32768.0f : scaled);
}

void cancel_by_speex(scene *s)
{
    SpeexEchoState *const state = speex_echo_state_init(KALMAN_HOP, KALMAN_PARTITIONS * KALMAN_HOP);
    int rate = RATE;
    speex_echo_ctl(state, SPEEX_ECHO_SET_SAMPLING_RATE, &rate);
    for (size_t i = 0; i < s->count; i += KALMAN_HOP) {
        short mic[KALMAN_HOP], far[KALMAN_HOP], out[KALMAN_HOP];
        for (size_t k = 0; k < KALMAN_HOP; k++) {
            mic[k] = to_short(s->mic[i + k]);
            far[k] = to_short(s->far[i + k]);
        }
        speex_echo_cancellation(state, mic, far, out);
        for (size_t k = 0; k < KALMAN_HOP; k++)
            s->error[i + k] = (float)out[k] / 32768.0f;
    }
    speex_echo_state_destroy(state);
}
