/*
 * One conversation: cuts the caller's chunks into hops and passes them from the front end through
 * aligner and canceller to the output.
 */
#include "stream.h"

#include "linear/retrace.h"

#include <math.h>
#include <string.h>

void stream_reset(unecho *s)
{
    far_end_reset(&s->far_end);
    microphone_reset(&s->microphone);
    hum_reset(&s->hum);
    aligner_reset(&s->aligner);
    canceller_reset(&s->canceller);
    output_reset(&s->output);
    s->mic_seen = s->far_seen = (samples_seen){0};
    s->frames = 0;
    s->lost = 0;
    s->behind = 0;
    s->owed = 0;
}

int unecho_reset(unecho *stream)
{
    if (!stream)
        return UNECHO_ERROR_ARGUMENT;
    if (stream->recorder)
        recorder_note(stream->recorder, &(record_head){.kind = RECORD_RESET}, UNECHO_OK);
    stream_reset(stream);
    return UNECHO_OK;
}

int unecho_record_read(unecho *stream, void *buffer, size_t capacity, size_t *size)
{
    if (!stream || !stream->recorder || !size || (capacity > 0 && !buffer))
        return UNECHO_ERROR_ARGUMENT;
    *size = recorder_read(stream->recorder, buffer, capacity);
    return UNECHO_OK;
}

int unecho_latency(const unecho *stream)
{
    return stream ? (int)output_latency(&stream->output) : UNECHO_ERROR_ARGUMENT;
}

samples stream_mic(const unecho *s, const samples *mic)
{
    return s->mic_channel == UNECHO_CHANNEL_MEAN ? *mic
                                                 : samples_channel(mic, (unsigned)s->mic_channel);
}

size_t stream_wanted(const unecho *s, size_t hops)
{
    const microphone *const m = &s->microphone;
    return (size_t)(microphone_needed(m, m->hops + hops - 1) - m->frames);
}

/* The microphone's position on the 16 kHz clock. */
static uint64_t now(const unecho *s)
{
    return s->microphone.frames * UNECHO_SAMPLE_RATE / s->microphone.plan.rate +
           (s->lost + (uint64_t)aligner_slid(&s->aligner)) * UNECHO_HOP;
}

static void push_part(unecho *s, const samples *far, size_t first, size_t n)
{
    float mean[FAR_END_PART], side[FAR_END_PART];
    const int stereo = s->far_end.plan.lanes == FAR_LANES;
    samples_read(mean, stereo ? side : NULL, far, first, n, &s->far_seen);
    far_end_push(&s->far_end, (const float *const[]){mean, side}, n, now(s));
}

void stream_push_far(unecho *s, const samples *far, size_t n)
{
    far_end_begin(&s->far_end);
    for (size_t done = 0; done < n; done += FAR_END_PART) {
        const size_t part = n - done < FAR_END_PART ? n - done : FAR_END_PART;
        push_part(s, far, done, part);
    }
}

size_t stream_take(unecho *s, const call *c, size_t first, size_t n)
{
    microphone *const m = &s->microphone;
    float x[MICROPHONE_PART];
    for (size_t done = 0; done < n; done += MICROPHONE_PART) {
        const size_t part = n - done < MICROPHONE_PART ? n - done : MICROPHONE_PART;
        if (!s->far_end.plan.pushed)
            push_part(s, &c->far, first + done, part);
        samples_read(x, NULL, &c->mic, first + done, part, &s->mic_seen);
        output_hear(&s->output, x, part);
        microphone_push(m, x, part);
    }
    size_t hops = 0;
    while (m->frames >= microphone_needed(m, m->hops + hops))
        hops++;
    return hops;
}

/* From here on the far end lags the microphone by so many samples more. */
static void go_on_later(unecho *s, int64_t later)
{
    if (s->far_end.plan.pushed && s->aligner.plan.mode != UNECHO_ALIGN_OFF && later < 0) {
        /* The queue holds the far end that was played meanwhile: skip it, in whole frames of the
         * aligner. What is left over is owed to the next time: it would add up until the echo came
         * before its far end. */
        const uint64_t all = (uint64_t)-later + s->owed;
        const uint64_t hops = all / DELAY_FRAME * (DELAY_FRAME / UNECHO_HOP);
        aligner_skip(&s->aligner, hops);
        s->lost += hops;
        s->behind = 1;
        s->owed = all % DELAY_FRAME;
        aligner_move(&s->aligner, later + (int64_t)(hops * UNECHO_HOP), 0);
        return;
    }
    aligner_move(&s->aligner, later, (int64_t)far_end_arrived(&s->far_end));
}

/* A microphone whose callback stalls loses samples, and nobody says so; the far end waits. So it
 * does if playback's callback was late. */
static void notice_stall(unecho *s)
{
    if (!s->far_end.plan.pushed || s->aligner.plan.mode == UNECHO_ALIGN_OFF)
        return;
    const size_t surplus = far_end_surplus(&s->far_end, canceller_echo(&s->canceller));
    go_on_later(s, -(int64_t)((uint64_t)surplus * UNECHO_SAMPLE_RATE / s->far_end.plan.rate));
}

double stream_slip(const unecho *s)
{
    /* A far end that is pushed comes by its own clock, whenever that was found. */
    return s->far_end.plan.pushed
               ? -s->aligner.apart
               : far_end_slip(&s->far_end) - (double)(aligner_slid(&s->aligner) * UNECHO_HOP);
}

/*
 * Drift compensation moves the far end on, away from the microphone that it came with, and so the
 * range of delays that is looked at: in hours of a device that drifts and jumps back, to where no
 * echo is. The microphone's numbers follow by a frame at a time, which changes nothing else. So
 * they do where more and more of a far end that is pushed waits: each loss of a few milliseconds,
 * which the filter follows, brings the echo nearer to the far end, and in the end before it.
 */
static void follow_clocks(unecho *s)
{
    static const double most = 1.5 * (double)DELAY_FRAME;
    if (s->aligner.plan.mode != UNECHO_ALIGN_AUTO)
        return;
    const int pushed = s->far_end.plan.pushed;
    const double slip = pushed ? (double)far_end_excess(&s->far_end) : stream_slip(s);
    const int frames = (slip > most) - (slip < -most);
    if (frames == 0)
        return;
    aligner_slide(&s->aligner, frames);
    if (pushed)
        far_end_hurry(&s->far_end, DELAY_FRAME);
}

/* No device delivers samples 12 dB beyond full scale. A filter that learned from such a burst, and
 * what learned from the filter, would take seconds to unlearn it: it is silence. */
static void silence_burst(const unecho *s, float *hop)
{
    static const float least = 4.0f;
    int reached = 0;
    for (size_t i = 0; i < UNECHO_HOP; i++)
        reached |= fabsf(hop[i]) >= least;
    if (s->canceller.linear && reached)
        memset(hop, 0, UNECHO_HOP * sizeof *hop);
}

/* An echo that the filter has lost may be whole elsewhere. */
static void follow_echo(unecho *s)
{
    kalman *const filter = s->canceller.linear;
    if (!filter || s->aligner.plan.mode != UNECHO_ALIGN_AUTO || !retrace_is_due(filter))
        return;
    retrace r;
    float past[FAR_LANES][UNECHO_HOP];
    float *const lanes[FAR_LANES] = {past[FAR_MEAN], past[FAR_SIDE]};
    int64_t age = retrace_start(&r, filter);
    do
        aligner_past_hop(&s->aligner, &s->far_end, age--, lanes);
    while (retrace_take(&r, (const float *const *)lanes));
    int64_t later = 0;
    const retrace_answer answer = retrace_find(&r, &filter->kept, &later);
    if (answer == RETRACE_MOVED)
        aligner_follow(&s->aligner, later);
    else if (answer == RETRACE_IN_PLACE)
        aligner_confirm(&s->aligner);
}

/* Where the far end jumps, or comes only now, the filter gets what it played before, from there. */
static void tell_past(unecho *s, size_t t, const aligner_jump *jump, uint64_t end)
{
    float past[FAR_LANES][UNECHO_HOP];
    float *const lanes[FAR_LANES] = {past[FAR_MEAN], past[FAR_SIDE]};
    size_t age = canceller_jump(&s->canceller, t, jump);
    if (s->behind && s->far_end.made >= end) {
        s->behind = 0;
        age = canceller_hear_again(&s->canceller);
    }
    for (; age > 0; age--) {
        aligner_past_hop(&s->aligner, &s->far_end, (int64_t)age, lanes);
        canceller_remember(&s->canceller, (const float *const *)lanes);
    }
}

/* Hop t of the next run. */
static void prepare_hop(unecho *s, size_t t)
{
    microphone *const m = &s->microphone;
    float *const mic = canceller_mic(&s->canceller) + t * UNECHO_HOP;
    float *const far[FAR_LANES] = {canceller_far(&s->canceller) + t * UNECHO_HOP,
                                   s->canceller.side};
    /* Unless pushed, use only the far end that came before this hop was complete. */
    const uint64_t limit = s->far_end.plan.pushed ? UINT64_MAX : microphone_needed(m, m->hops);
    notice_stall(s);
    follow_clocks(s);
    const uint64_t end = (s->aligner.hops + 1) * UNECHO_HOP;
    far_end_advance(&s->far_end, end + s->aligner.plan.late, limit);
    microphone_give(m, mic);
    silence_burst(s, mic);
    memcpy(canceller_raw(&s->canceller) + t * UNECHO_HOP, mic, UNECHO_HOP * sizeof *mic);
    hum_cut(&s->hum, mic);
    const aligner_jump jump = aligner_hop(&s->aligner, mic, &s->far_end, far);
    for (unsigned i = 0; i < FAR_LANES; i++)
        if (far[i])
            silence_burst(s, far[i]);
    tell_past(s, t, &jump, end);
    canceller_filter(&s->canceller, t, aligner_misses(&s->aligner, &s->far_end));
    follow_echo(s);
    float upper[UPPER_BANDS];
    aligner_upper(&s->aligner, &s->far_end, upper);
    output_far(&s->output, far[FAR_MEAN], upper);
}

void stream_prepare(unecho *s, size_t hops)
{
    for (size_t t = 0; t < hops; t++)
        prepare_hop(s, t);
}

void stream_finish(unecho *s, size_t hops)
{
    for (size_t t = 0; t < hops; t++)
        output_hop(&s->output, s->out + t * UNECHO_HOP, s->heard + t * UNECHO_HOP);
}

void stream_give(unecho *s, const call *c, size_t first, size_t n)
{
    float x[OUTPUT_PART];
    for (size_t done = 0; done < n; done += OUTPUT_PART) {
        const size_t part = n - done < OUTPUT_PART ? n - done : OUTPUT_PART;
        output_give(&s->output, x, part);
        samples_write(&c->out, first + done, x, part);
    }
    s->frames += n;
}

int stream_pass(unecho *s, const call *c, size_t first, size_t n)
{
    int status = UNECHO_OK;
    for (size_t done = 0, part; done < n; done += part) {
        const size_t wanted = stream_wanted(s, s->canceller.hops_at_once);
        part = n - done < wanted ? n - done : wanted;
        const size_t hops = stream_take(s, c, first + done, part);
        if (hops > 0) {
            stream_prepare(s, hops);
            canceller *const own = &s->canceller;
            const int run = canceller_run(own, &own, &s->out, &s->heard, 1, hops);
            status = status < 0 ? status : run;
            stream_finish(s, hops);
        }
        stream_give(s, c, first + done, part);
    }
    if (status < 0)
        samples_silence(&c->out, first, n);
    return status;
}

int unecho_notify_gap(unecho *stream, uint64_t mic_lost, uint64_t far_lost)
{
    if (!stream)
        return UNECHO_ERROR_ARGUMENT;
    if (stream->recorder) {
        const record_head gap = {.kind = RECORD_GAP, .n = mic_lost, .far_n = far_lost};
        recorder_note(stream->recorder, &gap, UNECHO_OK);
    }
    /* A minute is longer than anything that the stream remembers; limit the gap to it. */
    const uint64_t most = (uint64_t)60 * UNECHO_RATE_MAX;
    const uint64_t mic = mic_lost < most ? mic_lost : most;
    const uint64_t far = far_lost < most ? far_lost : most;
    const int64_t mic_samples = (int64_t)(mic * UNECHO_SAMPLE_RATE / stream->microphone.plan.rate);
    int64_t far_samples = (int64_t)(far * UNECHO_SAMPLE_RATE / stream->far_end.plan.rate);
    if (far_samples > 0 && stream->aligner.plan.mode != UNECHO_ALIGN_OFF)
        far_samples = far_end_lost(&stream->far_end, far_samples, now(stream));
    go_on_later(stream, far_samples - mic_samples);
    return UNECHO_OK;
}
