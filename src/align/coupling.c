#include "coupling.h"

#include <math.h>

/* It follows the lowest ninth, by 0.1 dB a frame down and an eighth of that up, after some frames
 * of half a decibel either way that find the middle. 10 dB above it a frame is much louder than
 * usual.
 */
static const float down = 1.0f / 1.02329f, up = 1.00288f, much = 10.0f;
static const float first_step = 1.122f, up_louder = 1.00096f;
enum { FIRST_FRAMES = 32 };
/* As many much louder frames in a row, a second, and none between them: no talker is so steady, it
 * is the echo that is louder now. */
enum { LOUDER_FRAMES = 64 };

void coupling_follow(coupling *c, float ratio, int is_echo)
{
    const int first = c->heard < FIRST_FRAMES;
    const int louder = !first && ratio > much * c->usual;
    c->least = c->louder == 0 || ratio < c->least ? ratio : c->least;
    c->louder = louder && is_echo ? c->louder + 1 : 0;
    if (c->louder == LOUDER_FRAMES) {
        c->usual = c->least;
        c->louder = 0;
    }
    if (c->heard == 0)
        c->usual = ratio;
    else if (ratio < c->usual)
        c->usual *= first ? 1.0f / first_step : down;
    else if (first)
        c->usual *= first_step;
    else
        c->usual *= louder ? up_louder : up;
    c->heard += (unsigned)first;
}

float coupling_most(const coupling *c)
{
    return c->heard < FIRST_FRAMES ? INFINITY : much * c->usual;
}
