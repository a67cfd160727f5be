/* The settings to try, and their names. */
#include "bench/tune_search.h"

#include "unecho_onnxruntime.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Every number of threads up to four, then in steps of about 1.4, and all cores. */
static size_t thread_counts(unsigned *counts, size_t most, unsigned cores)
{
    static const unsigned steps[] = {
        2, 3, 4, 6, 8, 12, 16, 24, 32, 48, UNECHO_ONNXRUNTIME_THREADS_MAX};
    size_t n = 1;
    counts[0] = 1;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && n < most; i++) {
        /* Try 2 and 4 even on fewer cores: they were best elsewhere. */
        if (steps[i] <= cores || steps[i] == 2 || steps[i] == 4)
            counts[n++] = steps[i];
        else if (counts[n - 1] < cores)
            counts[n++] = cores;
    }
    return n;
}

static unsigned threads_of(const struct tune_setting *setting)
{
    return setting->stage_threads[0] + setting->stage_threads[1];
}

/* Few threads first: a network this small gains little from more. */
static int compare(const void *a, const void *b)
{
    const struct tune_setting *x = a, *y = b;
    if (threads_of(x) != threads_of(y))
        return threads_of(x) < threads_of(y) ? -1 : 1;
    if (x->stage_threads[0] != y->stage_threads[0])
        return x->stage_threads[0] < y->stage_threads[0] ? -1 : 1;
    return (int)x->spinning - (int)y->spinning;
}

size_t tune_settings(struct tune_setting *settings, size_t most, unsigned cores)
{
    unsigned counts[16];
    const size_t n = thread_counts(counts, sizeof(counts) / sizeof(counts[0]), cores);
    size_t have = 0;
    for (size_t i = 0; i < n * n * 2 && have < most; i++) {
        const struct tune_setting setting = {
            .stage_threads = {counts[i / 2 / n], counts[i / 2 % n]},
            .spinning = i % 2,
        };
        /* A pool of one thread is the caller itself: nothing spins in it. */
        if (!setting.spinning || threads_of(&setting) > 2)
            settings[have++] = setting;
    }
    qsort(settings, have, sizeof(*settings), compare);
    return have;
}

void tune_variants(struct tune_setting variants[TUNE_VARIANTS], const struct tune_setting *setting)
{
    for (size_t i = 0; i < TUNE_VARIANTS; i++)
        variants[i] = *setting;
    variants[0].parallel = !setting->parallel;
    variants[1].no_memory_pattern = !setting->no_memory_pattern;
    variants[2].no_arena = !setting->no_arena;
}

unsigned tune_effort(const struct tune_setting *setting)
{
    return 8 * threads_of(setting) + 4 * setting->spinning + 2 * setting->parallel +
           setting->no_memory_pattern + setting->no_arena;
}

void tune_describe(const struct tune_setting *setting, char *text, size_t size)
{
    snprintf(text, size, "%u + %u threads%s%s%s%s", setting->stage_threads[0],
             setting->stage_threads[1], setting->spinning ? ", spinning" : "",
             setting->parallel ? ", parallel execution" : "",
             setting->no_memory_pattern ? ", no memory pattern" : "",
             setting->no_arena ? ", no arena" : "");
}

bool tune_is_clear(size_t wins, size_t rounds)
{
    /* If both were equally fast, so many wins would have a probability below 1 in 40. */
    const double expected = 0.5 * (double)rounds, deviation = 0.5 * sqrt((double)rounds);
    return rounds >= 5 && (double)wins >= expected + 1.96 * deviation;
}
