#include "far_end.h"

#include "unecho.h"

#include <string.h>

/* Upper bound of the samples that one far_end_advance makes: four hops, to catch up if late; and of
 * those that it makes at a time. */
enum { MOST_AT_ONCE = 4 * UNECHO_HOP, PART = 2 * UNECHO_HOP };
/* Upper bounds at any rate: half of the resampler's filter, and the native frames that a part
 * takes, with those. */
enum {
    HALF_MOST = 640,
    FRAMES_MOST = PART * (UNECHO_RATE_MAX / UNECHO_SAMPLE_RATE) * 101 / 100 + 2 + HALF_MOST
};
/* A pushed far end that brings nothing for longer than this counts as silent: 100 ms. */
enum { PATIENCE = UNECHO_SAMPLE_RATE / 10 };
/* A loss is the one that silence took the place of if it is reported so soon after, and that
 * silence is no longer than the loss by more than what frames come earlier or later. */
enum { REPORTED = UNECHO_SAMPLE_RATE, JITTER = UNECHO_SAMPLE_RATE / 5 };
/* What stays in the queue may vary with the caller's timing by less than this. */
enum { SURPLUS_MS = 40 };
/* Where the echo is lost as well it is no burst if it has hardly drained in 0.2 s. */
enum { LOST_HOPS = 25, DRAINED_MS = 20 };

/* An upper bound of the native frames for `samples` samples at 16 kHz, drift included. */
static size_t native_for(const far_end_plan *plan, size_t samples)
{
    return samples * plan->rate / UNECHO_SAMPLE_RATE * 101 / 100 + 2;
}

static size_t waiting(const far_end *f)
{
    return backlog_count(&f->lines[FAR_MEAN].queue);
}

static int may_resample(const far_end *f)
{
    return f->plan.rate != UNECHO_SAMPLE_RATE || f->plan.drifts;
}

void far_end_layout(far_end *f, arena *a, const far_end_plan *plan)
{
    f->plan = *plan;
    const size_t most = native_for(plan, PART);
    for (size_t i = 0; i < plan->lanes; i++) {
        far_line *const line = &f->lines[i];
        backlog_layout(&line->queue, a, plan->queue, plan->backlog);
        sample_ring_layout(&line->past, a, plan->past, plan->fresh);
        if (may_resample(f))
            resampler_layout(&line->resampler, a, plan->rate, UNECHO_SAMPLE_RATE, most,
                             !plan->drifts);
        if (plan->upper > 0)
            upper_meter_layout(&line->upper, a, plan->rate, plan->upper_lowest);
    }
    f->upper_hops = plan->past / UNECHO_HOP + 2;
    f->upper = arena_floats(a, f->upper_hops * plan->upper);
}

int far_end_start(far_end *f, const kernels *k, const fft *transform)
{
    for (size_t i = 0; f->plan.upper > 0 && i < f->plan.lanes; i++)
        upper_meter_start(&f->lines[i].upper, k, transform);
    int status = 0;
    for (size_t i = 0; status == 0 && may_resample(f) && i < f->plan.lanes; i++)
        status = resampler_start(&f->lines[i].resampler, k->dot);
    return status;
}

void far_end_close(far_end *f)
{
    for (size_t i = 0; may_resample(f) && i < f->plan.lanes; i++)
        resampler_close(&f->lines[i].resampler);
}

void far_end_reset(far_end *f)
{
    f->resampling = f->plan.rate != UNECHO_SAMPLE_RATE;
    for (size_t i = 0; i < f->plan.lanes; i++) {
        far_line *const line = &f->lines[i];
        backlog_reset(&line->queue);
        sample_ring_reset(&line->past);
        line->sound = 0;
        line->constant = (constant){0};
        if (f->plan.upper > 0)
            upper_meter_reset(&line->upper);
        if (f->resampling)
            resampler_reset(&line->resampler, NULL, 0);
    }
    memset(f->upper, 0, f->upper_hops * f->plan.upper * sizeof *f->upper);
    f->made = 0;
    f->taken = 0;
    f->jumped = 0.0;
    f->starved = 0;
    f->filled = f->filled_until = 0;
    f->overrun = 0;
    f->waiting = (queue_watch){0};
    f->missing = 0;
    f->dropped_frames = 0;
}

/* Where the power of the hop that ends with sample `end` is kept. */
static float *upper_at(const far_end *f, uint64_t end)
{
    return f->upper + (size_t)(end / UNECHO_HOP % f->upper_hops) * f->plan.upper;
}

/* Of the `taken` frames x of a lane, from which the next n samples are made. */
static void measure_upper(far_end *f, size_t lane, const float *x, size_t taken, size_t n)
{
    if (f->plan.upper == 0)
        return;
    upper_meter *const meter = &f->lines[lane].upper;
    size_t pushed = 0;
    for (uint64_t end = (f->made / UNECHO_HOP + 1) * UNECHO_HOP; n > 0 && end <= f->made + n;
         end += UNECHO_HOP) {
        const size_t until = taken * (size_t)(end - f->made) / n;
        upper_meter_push(meter, x + pushed, until - pushed);
        pushed = until;
        if (lane == 0)
            memset(upper_at(f, end), 0, f->plan.upper * sizeof *f->upper);
        upper_meter_add(meter, upper_at(f, end));
    }
    upper_meter_push(meter, x + pushed, taken - pushed);
}

static void forget_upper(far_end *f, size_t n)
{
    for (uint64_t end = (f->made / UNECHO_HOP + 1) * UNECHO_HOP; end <= f->made + n;
         end += UNECHO_HOP)
        memset(upper_at(f, end), 0, f->plan.upper * sizeof *f->upper);
}

static void keep_silence_until(far_end *f, uint64_t end)
{
    if (end <= f->made)
        return;
    const uint64_t missing = end - f->made;
    const size_t whole = missing < f->plan.past ? (size_t)missing : f->plan.past;
    f->made = end - whole;
    forget_upper(f, whole);
    for (size_t i = 0; i < f->plan.lanes; i++) {
        f->lines[i].constant = (constant){0};
        sample_ring_write(&f->lines[i].past, f->made, NULL, whole);
    }
    f->made = end;
    f->filled += missing;
    f->filled_until = end;
    f->jumped += (double)missing;
    f->missing += missing;
}

static void drop_all(far_end *f)
{
    const size_t dropped = waiting(f);
    f->taken += dropped;
    f->jumped -= (double)dropped * UNECHO_SAMPLE_RATE / f->plan.rate;
    f->dropped_frames += dropped;
    for (size_t i = 0; i < f->plan.lanes; i++) {
        backlog_reset(&f->lines[i].queue);
        /* What the resampler still holds counts as just taken. */
        f->lines[i].sound = f->taken;
    }
}

void far_end_begin(far_end *f)
{
    if (f->overrun)
        drop_all(f);
}

/* How many of them there are up to the last that is not 0. */
static size_t sounding(const float *x, size_t n)
{
    while (n > 0 && x[n - 1] == 0.0f)
        n--;
    return n;
}

void far_end_push(far_end *f, const float *const *x, size_t n, uint64_t now)
{
    if (f->starved)
        keep_silence_until(f, now);
    f->starved = 0;
    if (n > f->plan.queue - f->lines[FAR_MEAN].queue.newest.count) {
        drop_all(f);
        f->overrun = 1;
    }
    const uint64_t pushed = f->taken + waiting(f);
    for (size_t i = 0; i < f->plan.lanes; i++) {
        const size_t sound = sounding(x[i], n);
        if (sound > 0)
            f->lines[i].sound = pushed + sound;
        backlog_push(&f->lines[i].queue, x[i], n);
    }
}

int64_t far_end_lost(far_end *f, int64_t samples, uint64_t now)
{
    if (f->starved)
        keep_silence_until(f, now);
    f->starved = 0;
    const int64_t filled = (int64_t)f->filled;
    if (f->made > f->filled_until + REPORTED || filled > samples + JITTER)
        return samples;
    f->filled = 0;
    return samples - filled;
}

/* How many queued frames before number `limit` there are, up to `wanted`. */
static size_t available(const far_end *f, size_t wanted, uint64_t limit)
{
    const uint64_t allowed = limit > f->taken ? limit - f->taken : 0;
    const size_t n = wanted < waiting(f) ? wanted : waiting(f);
    return n < allowed ? n : (size_t)allowed;
}

/* Add the next samples, which are 0 if they are silent. */
static void keep(far_end *f, size_t lane, float *x, size_t n, int silent)
{
    far_line *const line = &f->lines[lane];
    if (silent)
        memset(x, 0, n * sizeof *x);
    silent = silent && !constant_is_on(&line->constant);
    constant_remove(&line->constant, x, f->made, n);
    sample_ring_write(&line->past, f->made, silent ? NULL : x, n);
}

/* The next samples from `taken` frames. Returns their number. x: scratch, [FRAMES_MOST]. */
static size_t resample(far_end *f, size_t lane, size_t taken, size_t wanted, float *x)
{
    far_line *const line = &f->lines[lane];
    resampler *const r = &line->resampler;
    /* Silence becomes silence. */
    const int silent = line->sound + r->count <= f->taken;
    backlog_pop(&line->queue, x, taken);
    resampler_push(r, x, taken);
    const size_t n = resampler_ready(r, wanted);
    measure_upper(f, lane, x, taken, n);
    resampler_pull(r, silent ? NULL : x, n);
    keep(f, lane, x, n, silent);
    return n;
}

/* Make up to `wanted` <= PART samples. Returns their number. */
static size_t make(far_end *f, size_t wanted, uint64_t limit)
{
    const size_t needed =
        f->resampling ? resampler_missing(&f->lines[FAR_MEAN].resampler, wanted) : wanted;
    const size_t taken = available(f, needed, limit);
    float x[FRAMES_MOST];
    size_t n = taken;
    for (size_t i = 0; i < f->plan.lanes; i++) {
        if (f->resampling) {
            n = resample(f, i, taken, wanted, x);
        } else {
            backlog_pop(&f->lines[i].queue, x, taken);
            measure_upper(f, i, x, taken, taken);
            keep(f, i, x, taken, 0);
        }
    }
    f->taken += taken;
    f->made += n;
    return n;
}

/* By the hop, not by the chunks that brought the frames: those from number `limit` on are new. */
static void settle(far_end *f, uint64_t limit)
{
    const size_t newest = waiting(f) - available(f, SIZE_MAX, limit);
    for (size_t i = 0; i < f->plan.lanes; i++)
        backlog_settle(&f->lines[i].queue, newest);
}

void far_end_advance(far_end *f, uint64_t target, uint64_t limit)
{
    f->overrun = 0;
    const uint64_t missing = target > f->made ? target - f->made : 0;
    size_t wanted = missing < MOST_AT_ONCE ? (size_t)missing : MOST_AT_ONCE;
    while (wanted > 0) {
        const size_t part = wanted < PART ? wanted : PART;
        wanted = make(f, part, limit) == part ? wanted - part : 0;
    }
    if (f->plan.backlog > 0)
        settle(f, limit);
    if (f->plan.pushed && waiting(f) == 0 && target > f->made + PATIENCE) {
        f->filled = f->starved ? f->filled : 0;
        keep_silence_until(f, target - PATIENCE);
        f->starved = 1;
    }
}

/* Of what was the least of each period; before the first it is `unknown`. */
typedef struct usual_range {
    size_t least, most;
} usual_range;

static usual_range usual(const queue_watch *w, size_t unknown)
{
    usual_range range = {unknown, unknown};
    for (unsigned i = 0; i < FAR_END_PERIODS && i < w->periods; i++) {
        range.least = i == 0 || w->usual[i] < range.least ? w->usual[i] : range.least;
        range.most = i == 0 || w->usual[i] > range.most ? w->usual[i] : range.most;
    }
    return range;
}

static void watch(queue_watch *w, size_t count, size_t enough)
{
    if (count < enough) {
        w->more_hops = 0;
        w->more = w->most = 0;
        return;
    }
    w->more = w->more_hops == 0 || count < w->more ? count : w->more;
    w->most = count > w->most ? count : w->most;
    w->more_hops++;
}

/*
 * After a silence that was filled in. If it was only late that frames came, those of the silence
 * come at once, and as much stays in the queue; who begins anew may push further ahead, and the
 * same by chance at most. Which it is the echo tells, which would be lost as it cannot come before
 * the far end. Where it is not known anyway, it can still be found if it comes later.
 */
static size_t late_surplus(far_end *f, size_t late, size_t most, far_end_echo echo)
{
    queue_watch *const w = &f->waiting;
    const int alike = w->more <= most, stays = w->more_hops == f->plan.drain_hops;
    if (alike && ((echo == FAR_END_ECHO_LOST && w->more_hops >= LOST_HOPS) ||
                  (echo == FAR_END_ECHO_UNKNOWN && stays))) {
        *w = (queue_watch){0};
        f->filled = 0;
        return late;
    }
    if (stays && alike)
        watch(w, 0, 1);
    else if (stays)
        *w = (queue_watch){0};
    return 0;
}

size_t far_end_surplus(far_end *f, far_end_echo echo)
{
    queue_watch *const w = &f->waiting;
    if (f->overrun || (w->anew && f->filled == 0))
        *w = (queue_watch){0};
    if (f->starved) {
        w->anew = f->taken > 0;
        w->hops = 0;
        watch(w, 0, 1);
    }
    if (f->starved || f->overrun)
        return 0;
    const size_t count = waiting(f), slack = SURPLUS_MS * f->plan.rate / 1000;
    const size_t late = w->anew ? (size_t)(f->filled * f->plan.rate / UNECHO_SAMPLE_RATE) : 0;
    const usual_range before = usual(w, late > 0 ? 0 : SIZE_MAX / 2);
    watch(w, count, before.most + (late > slack ? late - slack : slack));
    if (late > 0 && w->more_hops > 0)
        return late_surplus(f, late, before.most + late + slack, echo);
    const size_t drained = w->most - w->more, little = DRAINED_MS * f->plan.rate / 1000;
    const int sooner = echo == FAR_END_ECHO_LOST && w->more_hops >= LOST_HOPS && drained <= little;
    if (sooner || w->more_hops == f->plan.drain_hops) {
        w->more_hops = w->hops = 0;
        w->most = 0;
        /* Periods that differ only by the caller's timing: the most would leave the difference in
         * the queue, at every loss anew. */
        return w->more - (before.most - before.least < slack ? before.least : before.most);
    }
    w->least = w->hops++ == 0 || count < w->least ? count : w->least;
    if (w->hops == f->plan.drain_hops) {
        w->usual[w->periods++ % FAR_END_PERIODS] = w->least;
        w->hops = 0;
        w->anew = 0;
        if (w->periods <= FAR_END_PERIODS || usual(w, 0).most < w->base)
            w->base = usual(w, 0).most;
    }
    return 0;
}

size_t far_end_excess(const far_end *f)
{
    const queue_watch *const w = &f->waiting;
    const size_t least = w->periods < FAR_END_PERIODS ? 0 : usual(w, 0).least;
    return least > w->base ? (least - w->base) * UNECHO_SAMPLE_RATE / f->plan.rate : 0;
}

static size_t less(size_t count, size_t by)
{
    return count > by ? count - by : 0;
}

void far_end_hurry(far_end *f, size_t samples)
{
    queue_watch *const w = &f->waiting;
    const size_t frames = samples * f->plan.rate / UNECHO_SAMPLE_RATE;
    w->least = less(w->least, frames);
    w->more = less(w->more, frames);
    w->most = less(w->most, frames);
    for (unsigned i = 0; i < FAR_END_PERIODS; i++)
        w->usual[i] = less(w->usual[i], frames);
}

void far_end_read(const far_end *f, far_lane lane, float *to, int64_t first, size_t n)
{
    sample_ring_read(&f->lines[lane].past, to, first, n);
}

void far_end_upper(const far_end *f, int64_t first, float *power)
{
    const int64_t end = first + UNECHO_HOP;
    memset(power, 0, f->plan.upper * sizeof *power);
    if (end < 0)
        return;
    /* Between the two hops' ends around its own, if the later one has been made. */
    const uint64_t before = (uint64_t)end / UNECHO_HOP * UNECHO_HOP, after = before + UNECHO_HOP;
    if (before > f->made || before + f->plan.past < f->made)
        return;
    const float share = (float)(end % UNECHO_HOP) * (1.0f / UNECHO_HOP);
    const float *const one = upper_at(f, before), *const other = upper_at(f, after);
    for (size_t b = 0; b < f->plan.upper; b++)
        power[b] = after > f->made ? one[b] : one[b] + share * (other[b] - one[b]);
}

void far_end_drift(far_end *f, double drift)
{
    for (size_t i = 0; i < f->plan.lanes; i++) {
        resampler *const r = &f->lines[i].resampler;
        if (!f->resampling) {
            /* The filter needs past samples, which have not been through the resampler so far. */
            const size_t before = resampler_look_ahead(r) - 1;
            float past[HALF_MOST];
            far_end_read(f, (far_lane)i, past, (int64_t)f->made - (int64_t)before, before);
            /* As they came. */
            for (size_t k = 0; k < before; k++)
                past[k] += (float)f->lines[i].constant.to;
            resampler_reset(r, past, 0);
        }
        resampler_drift(r, drift);
    }
    f->resampling = 1;
}

double far_end_slip(const far_end *f)
{
    if (!f->resampling)
        return (double)f->made - f->jumped - (double)f->taken;
    const double next = (double)f->taken - resampler_waiting(&f->lines[FAR_MEAN].resampler);
    return (double)f->made - f->jumped - next * UNECHO_SAMPLE_RATE / f->plan.rate;
}

size_t far_end_lag(const far_end *f)
{
    return f->resampling && f->plan.rate == UNECHO_SAMPLE_RATE
               ? resampler_look_ahead(&f->lines[FAR_MEAN].resampler)
               : 0;
}

uint64_t far_end_arrived(const far_end *f)
{
    const double held = f->resampling ? resampler_waiting(&f->lines[FAR_MEAN].resampler) : 0.0;
    const double frames = (double)waiting(f) + held;
    return f->made + (uint64_t)(frames * UNECHO_SAMPLE_RATE / (double)f->plan.rate);
}
