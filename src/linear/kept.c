#include "kept.h"

#include "dsp/energy.h"
#include "dsp/packed16.h"

#include <string.h>

/* Smoothing; how much of the microphone a filter leaves that cancels, and one that does not; the
 * energy of a hop from which it tells anything: -65 dB of full scale. */
static const double memory = 0.9, good_share = 0.25, lost_share = 0.5;
static const double least_energy = 3e-7 * (double)UNECHO_HOP;
/* A microphone 15 dB below the echo holds neither that nor a voice. */
static const double heard_rate = 0.05, quiet = 30.0;
/* Beyond this many the loss has other reasons. */
enum { LOST_AGAIN = 10, LOST_SURELY = 16, LOST_MOST = 1000, CONFIRMED = 32 };

/* Nothing is lost. */
static void found(kept_path *k)
{
    k->lost = 0;
    k->astray = 0;
    k->more = 0;
    k->candidate = 0;
    k->unlearnt = 0;
}

void kept_layout(kept_path *k, arena *a, size_t lanes, size_t count)
{
    k->lanes = lanes;
    k->count = count;
    k->response = arena_take(a, lanes * count * UNECHO_HOP * sizeof *k->response);
    k->unit = arena_floats(a, lanes * count);
    k->energy = arena_floats(a, lanes * count);
}

void kept_reset(kept_path *k)
{
    memset(k->response, 0, k->lanes * k->count * UNECHO_HOP * sizeof *k->response);
    memset(k->unit, 0, k->lanes * k->count * sizeof *k->unit);
    memset(k->energy, 0, k->lanes * k->count * sizeof *k->energy);
    k->mic = k->error = k->far = k->heard = 0.0;
    k->blind = 0;
    kept_forget(k);
}

void kept_forget(kept_path *k)
{
    k->since = 0;
    k->good = 0;
    found(k);
}

void kept_again(kept_path *k)
{
    k->good = 0;
    found(k);
    k->lost = LOST_AGAIN;
    k->unlearnt = 1;
}

void kept_follow(kept_path *k, double far, double mic, double error)
{
    k->far = memory * k->far + far;
    k->mic = memory * k->mic + mic;
    k->error = memory * k->error + error;
    k->good = k->error < good_share * k->mic && error < lost_share * mic;
    const int sound = (far > least_energy || k->blind) && mic > least_energy;
    k->more = !k->good && sound && error > lost_share * mic && k->lost < LOST_MOST;
    k->lost += k->more;
    k->astray += k->more && !k->blind;
    if (k->good && k->far > least_energy)
        k->heard += heard_rate * (k->mic / k->far - k->heard);
    /* Nothing has come in the echo's place: what comes next is looked at anew. */
    if (k->good || quiet * k->mic < k->heard * k->far)
        found(k);
}

static size_t place(const kept_path *k, size_t lane, size_t partition)
{
    return lane * k->count + partition;
}

void kept_take(kept_path *k, size_t lane, size_t partition, const float *response)
{
    const size_t at = place(k, lane, partition);
    k->unit[at] = packed16_write(k->response + at * UNECHO_HOP, response, UNECHO_HOP);
    k->energy[at] = (float)dsp_energy(response, UNECHO_HOP);
    k->since += lane == 0 && k->since < k->count;
}

void kept_confirm(kept_path *k)
{
    found(k);
    k->lost = -CONFIRMED;
}

int kept_has_lost(const kept_path *k)
{
    return kept_is_whole(k) && k->astray >= LOST_SURELY;
}

int kept_is_whole(const kept_path *k)
{
    return k->since == k->count;
}

void kept_read(const kept_path *k, size_t lane, size_t partition, float *response)
{
    const size_t at = place(k, lane, partition);
    packed16_read(response, k->response + at * UNECHO_HOP, k->unit[at], UNECHO_HOP);
}

float kept_energy(const kept_path *k, size_t partition)
{
    float sum = 0.0f;
    for (size_t lane = 0; lane < k->lanes; lane++)
        sum += k->energy[place(k, lane, partition)];
    return sum;
}
