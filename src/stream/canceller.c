#include "canceller.h"

#include "config.h"

#include <math.h>
#include <string.h>

/* Jumps of the far end by more samples restart the suppressor and the filter. The suppressor copes
 * with smaller ones, as with late reflections; the filter unlearns more slowly than it learns. */
static const int64_t suppressor_far_away = 256, linear_far_away = 32;
/* A network removes what is left of the echo, and keeps more of a voice that was corrected less. */
static const float denoiser_correction = 0.5f;
#define NEAR_END_UNKNOWN (-1.0f)

/* ---- Opening ---------------------------------------------------------------------------- */

static size_t line_length(const canceller *c)
{
    return c->past + c->hops_at_once * UNECHO_HOP;
}

static size_t short_length(const canceller *c)
{
    return c->lag + c->hops_at_once * UNECHO_HOP;
}

static float *line(const canceller *c, arena *a)
{
    return arena_floats(a, line_length(c));
}

static void layout_linear(canceller *c, arena *a, size_t count, size_t lanes)
{
    kalman unused = {0};
    c->linear = arena_take(a, sizeof *c->linear);
    kalman_layout(c->linear ? c->linear : &unused, a, count, lanes);
    c->echo = line(c, a);
}

void canceller_layout(canceller *c, arena *a, const suppressor_plan *plan)
{
    const suppressor_kind *const kind = plan->kind;
    c->hops_at_once = kind->tells ? 1 : plan->config->hops_at_once;
    c->lag = kind->latency;
    c->past = kind->history > kind->latency ? kind->history : kind->latency;
    c->far = line(c, a);
    c->error = line(c, a);
    c->raw = arena_floats(a, short_length(c));
    c->mic = plan->filtered ? arena_floats(a, short_length(c)) : NULL;
    c->linear = NULL;
    c->echo = c->side = NULL;
    const size_t lanes = plan->config->far_channels > 1 ? PATHS_MOST : 1;
    if (lanes > 1)
        c->side = arena_floats(a, UNECHO_HOP);
    if (plan->filtered)
        layout_linear(c, a, plan->config->linear_tail_ms / CONFIG_HOP_MS, lanes);
    c->suppressor = kind->layout(a, plan);
}

int canceller_start(canceller *c, const suppressor_plan *plan, const fft *transform,
                    const message *to)
{
    const suppressor_kind *const kind = plan->kind;
    const size_t before = c->past - kind->history;
    if (!c->linear)
        c->mic = c->error + c->past - c->lag;
    const suppressor_lines lines = {
        .far = c->far + before,
        .error = c->error + before,
        .echo = c->echo ? c->echo + before : NULL,
    };
    bypass_start(&c->bypass, c->lag / UNECHO_HOP);
    c->settings = (suppressor_settings){
        .suppression = plan->config->suppression,
        .noise_reduction_db = plan->config->noise_reduction_db,
        .comfort_noise = plan->config->comfort_noise,
    };
    c->cuts_rumble = kind->denoises;
    c->limits = c->linear != NULL && c->lag >= UNECHO_HOP;
    if (c->linear) {
        kalman_start(c->linear, kernels_at(plan->kernels_index));
        if (kind->denoises)
            c->linear->correction = denoiser_correction;
    }
    const int status = kind->start(c->suppressor, plan, &lines, transform, to);
    if (status == UNECHO_OK)
        canceller_set(c);
    return status;
}

void canceller_set(canceller *c)
{
    const suppressor_kind *const kind = c->suppressor->kind;
    bypass_enable(&c->bypass, c->settings.noise_reduction_db == 0 && kind->denoises);
    if (kind->set)
        kind->set(c->suppressor, &c->settings);
}

void canceller_close(canceller *c)
{
    c->suppressor->kind->close(c->suppressor);
}

static void count_anew(canceller *c)
{
    c->levels = (levels){0};
    c->near_end = NEAR_END_UNKNOWN;
    c->near_end_hops = 0;
    c->failed_hops = 0;
}

void canceller_reset(canceller *c)
{
    float *const lines[] = {c->far, c->error, c->echo};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (lines[i])
            memset(lines[i], 0, line_length(c) * sizeof(float));
    memset(c->raw, 0, short_length(c) * sizeof *c->raw);
    memset(c->mic, 0, short_length(c) * sizeof *c->mic);
    if (c->linear)
        kalman_reset(c->linear);
    c->suppressor->kind->reset(c->suppressor);
    bypass_reset(&c->bypass);
    heard_reset(&c->heard);
    c->rumble = (rumble){0};
    limiter_reset(&c->limiter);
    c->far_gain = 1.0f;
    c->restarts = 0;
    count_anew(c);
}

void canceller_next_call(canceller *c)
{
    const suppressor_kind *const kind = c->suppressor->kind;
    (kind->next_call ? kind->next_call : kind->reset)(c->suppressor);
    if (c->linear)
        c->linear->stats = (kalman_stats){0};
    bypass_reset(&c->bypass);
    limiter_reset(&c->limiter);
    count_anew(c);
}

/* ---- The next hops ---------------------------------------------------------------------- */

float *canceller_mic(canceller *c)
{
    return c->mic + c->lag;
}

float *canceller_raw(canceller *c)
{
    return c->raw + c->lag;
}

float *canceller_far(canceller *c)
{
    return c->far + c->past;
}

static uint64_t bit(size_t t)
{
    return UINT64_C(1) << t;
}

far_end_echo canceller_echo(const canceller *c)
{
    if (!c->linear || !kept_is_whole(&c->linear->kept))
        return FAR_END_ECHO_UNKNOWN;
    return kept_has_lost(&c->linear->kept) ? FAR_END_ECHO_LOST : FAR_END_ECHO_HEARD;
}

/* Whether the filter is where the echo is, so that it only has to be carried over. */
static int carries_over(const canceller *c, const aligner_jump *jump)
{
    return jump->kind == ALIGNER_MOVED ||
           (jump->kind == ALIGNER_FOUND && c->linear && c->linear->kept.good);
}

size_t canceller_jump(canceller *c, size_t t, const aligner_jump *jump)
{
    const int64_t distance = jump->samples < 0 ? -jump->samples : jump->samples;
    const int carried = carries_over(c, jump), followed = jump->kind == ALIGNER_FOLLOWED;
    /* A suppressor that has heard the echo of what it hears now goes on. */
    if (distance > suppressor_far_away && !carried && !followed)
        c->restarts |= bit(t);
    if (!c->linear)
        return 0;
    const int told = jump->kind == ALIGNER_TOLD && distance > linear_far_away;
    if (carried)
        kalman_shift(c->linear, jump->samples);
    else if (followed || (told && canceller_echo(c) == FAR_END_ECHO_LOST))
        kalman_recall(c->linear);
    else if (told)
        kalman_forget_far_end(c->linear);
    else if (jump->kind == ALIGNER_FOUND || distance > linear_far_away)
        kalman_restart(c->linear);
    return carried || followed || told ? kalman_reach(kalman_count(c->linear)) : 0;
}

void canceller_remember(canceller *c, const float *const *far)
{
    kalman_remember(c->linear, far);
}

size_t canceller_hear_again(canceller *c)
{
    if (!c->linear)
        return 0;
    kalman_forget_far_end(c->linear);
    return kalman_reach(kalman_count(c->linear));
}

/* ---- Running ---------------------------------------------------------------------------- */

/* A network takes what both ends have in common for echo. The near end's own voice is none. */
static void hush_faint(canceller *c, float *far, float *side)
{
    const float from = c->far_gain, to = c->linear->faint.now ? 0.0f : 1.0f;
    c->far_gain = to;
    if (from == 1.0f && to == 1.0f)
        return;
    const float step = (to - from) / UNECHO_HOP;
    for (size_t i = 0; i < UNECHO_HOP; i++) {
        const float gain = from + step * ((float)i + 0.5f);
        far[i] *= gain;
        if (side)
            side[i] *= gain;
    }
}

void canceller_filter(canceller *c, size_t t, int blind)
{
    const size_t at = c->past + t * UNECHO_HOP;
    if (c->linear) {
        const float *const far[PATHS_MOST] = {c->far + at, c->side};
        c->linear->kept.blind = blind;
        kalman_run(c->linear, canceller_mic(c) + t * UNECHO_HOP, far, c->error + at, c->echo + at);
        if (c->cuts_rumble) {
            rumble_cut(&c->rumble, c->error + at);
            hush_faint(c, c->far + at, c->side);
        }
    }
    if (c->side)
        heard_mix(&c->heard, c->far + at, c->side, UNECHO_HOP);
}

static void plan_bypass(canceller *c, bypass_hop *plan, size_t hops)
{
    for (size_t t = 0; t < hops; t++)
        plan[t] = bypass_next(&c->bypass, canceller_far(c) + t * UNECHO_HOP, UNECHO_HOP);
}

/* How many hops from `first` on the suppressor can treat alike: all run or all skipped, and no
 * restart after the first. */
static size_t alike(const canceller *c, const bypass_hop *plan, size_t first, size_t hops)
{
    size_t n = 1;
    while (first + n < hops && plan[first + n].suppress == plan[first].suppress &&
           !(c->restarts & bit(first + n)))
        n++;
    return n;
}

/* Shift a line with so many past samples by the `hops` hops that have run; `left` more follow. */
static void advance(float *line, size_t past, size_t hops, size_t left)
{
    memmove(line, line + hops * UNECHO_HOP, (past + left * UNECHO_HOP) * sizeof *line);
}

/* What the suppressor says of hop t of its last run. */
static void hear_near_end(canceller *c, const bypass_hop *plan, size_t t)
{
    const float *const all = c->suppressor->near_end;
    /* What failed may be no number. */
    const int known = all && plan[t].suppress && all[t] >= 0.0f && all[t] <= 1.0f;
    c->near_end = known ? all[t] : NEAR_END_UNKNOWN;
    c->near_end_hops += c->near_end >= 0.5f;
}

/* What the suppressor made of the newest hop is what the filter goes by in the next one. */
static void tell_filter(canceller *c, const bypass_hop *plan)
{
    const suppressor *const s = c->suppressor;
    if (c->linear && s->kind->tells)
        kalman_tell(c->linear, plan->suppress ? s->near_share : NULL,
                    plan->suppress ? *s->held : 0.0f);
}

/* Mix and measure the new output, and make room for the next hops. */
static void finish(canceller *c, const bypass_hop *plan, float *out, float *mic, size_t hops,
                   size_t left)
{
    /* The hops that this output belongs to. */
    const size_t first = c->past - c->lag;
    memcpy(mic, c->raw, hops * UNECHO_HOP * sizeof *mic);
    for (size_t t = 0; t < hops; t++) {
        const size_t at = t * UNECHO_HOP;
        const float *const heard = c->mic + at;
        bypass_mix(&plan[t], out + at, heard, UNECHO_HOP);
        if (c->limits)
            limiter_run(&c->limiter, out + at, heard + UNECHO_HOP);
        levels_add(&c->levels, heard, c->far + first + at, out + at, UNECHO_HOP);
        hear_near_end(c, plan, t);
    }
    tell_filter(c, &plan[hops - 1]);
    advance(c->far, c->past, hops, left);
    advance(c->error, c->past, hops, left);
    advance(c->raw, c->lag, hops, left);
    if (c->linear) {
        advance(c->mic, c->lag, hops, left);
        advance(c->echo, c->past, hops, left);
    }
}

/* One call of canceller_run. */
typedef struct batch {
    canceller *host, *const *all;
    float *const *out, *const *mic;
    size_t count, hops;
    int alone;                              /* one hop at a time: a suppressor has failed */
    bypass_hop plans[SUPPRESSOR_ROWS_MOST]; /* [count][hops] */
} batch;

static const bypass_hop *plan_of(const batch *b, size_t stream, size_t hop)
{
    return b->plans + stream * b->hops + hop;
}

/* The same for all streams of the batch. */
static size_t next_part(const batch *b, size_t first)
{
    size_t part = b->alone ? 1 : b->hops - first;
    for (size_t i = 0; i < b->count; i++) {
        const size_t n = alike(b->all[i], plan_of(b, i, 0), first, b->hops);
        part = n < part ? n : part;
    }
    return part;
}

/* 40 dB above the loudest microphone. Written so that NaN is unusable. */
static int is_usable(const float *x, size_t n)
{
    int beyond = 0;
    for (size_t i = 0; i < n; i++)
        beyond |= !(fabsf(x[i]) <= 1e4f);
    return !beyond;
}

/*
 * Replace the first unusable hop of a stream's output by the filter's error, and reset the
 * suppressor. Returns how many hops are done with: those after it were computed from states that
 * the failure has spoilt, so they run again.
 */
static size_t replace_failed(canceller *c, float *out, size_t hops)
{
    size_t t = 0;
    while (t < hops && is_usable(out + t * UNECHO_HOP, UNECHO_HOP))
        t++;
    if (t == hops)
        return hops;
    memcpy(out + t * UNECHO_HOP, c->error + c->past - c->lag + t * UNECHO_HOP,
           UNECHO_HOP * sizeof *out);
    c->suppressor->kind->reset(c->suppressor);
    c->failed_hops++;
    return t + 1;
}

/* Check what the suppressors of all streams that ran gave; returns how many hops are done with. */
static size_t guard(batch *b, size_t first, size_t n)
{
    size_t done = n;
    for (size_t i = 0; i < b->count; i++) {
        if (!plan_of(b, i, first)->suppress)
            continue;
        const size_t good = replace_failed(b->all[i], b->out[i] + first * UNECHO_HOP, n);
        done = good < done ? good : done;
    }
    /* Bounds how often a hop runs: twice. */
    b->alone = b->alone || done < n;
    return done;
}

/* Run hops first..first+n of the streams whose suppressor must run; skip those of the others. */
static int suppress(const batch *b, size_t first, size_t n)
{
    const suppressor_kind *const kind = b->host->suppressor->kind;
    suppressor *due[SUPPRESSOR_ROWS_MOST] = {NULL};
    float *out[SUPPRESSOR_ROWS_MOST] = {NULL};
    size_t running = 0;
    for (size_t i = 0; i < b->count; i++) {
        suppressor *const s = b->all[i]->suppressor;
        if (b->all[i]->restarts & bit(first))
            kind->restart(s);
        if (!plan_of(b, i, first)->suppress) {
            kind->skip(s, n);
            continue;
        }
        out[running] = b->out[i] + first * UNECHO_HOP;
        due[running++] = s;
    }
    return running > 0 ? kind->run(b->host->suppressor, due, out, running, n) : UNECHO_OK;
}

int canceller_run(canceller *host, canceller *const *all, float *const *out, float *const *mic,
                  size_t count, size_t hops)
{
    batch b = {.host = host, .all = all, .out = out, .mic = mic, .count = count, .hops = hops};
    int status = UNECHO_OK;
    for (size_t i = 0; i < count; i++)
        plan_bypass(all[i], b.plans + i * hops, hops);
    for (size_t done = 0, n; done < hops; done += n) {
        n = next_part(&b, done);
        const int run = suppress(&b, done, n);
        status = status < 0 ? status : run;
        if (run == UNECHO_OK)
            n = guard(&b, done, n);
        for (size_t i = 0; i < count; i++)
            finish(all[i], plan_of(&b, i, done), out[i] + done * UNECHO_HOP,
                   mic[i] + done * UNECHO_HOP, n, hops - done - n);
    }
    for (size_t i = 0; i < count; i++) {
        all[i]->restarts = 0;
        if (status < 0)
            memset(out[i], 0, hops * UNECHO_HOP * sizeof *out[i]);
    }
    return status;
}

kalman_stats canceller_linear(const canceller *c)
{
    return c->linear ? c->linear->stats : (kalman_stats){0};
}
