/*
 * Times every kernel of every set that this CPU supports, at the shapes of the network, and
 * compares it with the CPU's peak in the same run (peak.h). For streams and models see `unecho
 * bench`.
 */
#include "kernels/kernels.h"
#include "bench/stats.h"
#include "peak.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char usage[] =
    "usage: bench_kernels [--set NAME] [--kernel NAME] [--quick] [--json]\n"
    "  --set NAME     only the kernels of that set (plain, avx2, avxvnni, avx512, avx512bf16,\n"
    "                 neon, dotprod); default: all that this CPU supports\n"
    "  --kernel NAME  only that kernel (dense, lstm_step, sigmoid, multiply, log_power,\n"
    "                 normalize, magnitude, fft_forward, fft_inverse)\n"
    "  --quick        fewer and shorter rounds: less precise\n"
    "  --json         one JSON object instead of the tables\n";

typedef struct options {
    const char *set, *kernel;
    int quick, json;
} options;

static options chosen;

static void *need(void *memory)
{
    if (!memory) {
        fprintf(stderr, "bench_kernels: out of memory\n");
        exit(1);
    }
    return memory;
}

static void *aligned(size_t bytes)
{
    return need(aligned_alloc(64, (bytes + 63) / 64 * 64));
}

/* Random numbers of the magnitude of the network's, the same in every run. */
static void fill(float *x, size_t n)
{
    static uint32_t state = 2026;
    for (size_t i = 0; i < n; i++) {
        state = state * 1664525u + 1013904223u;
        x[i] = (float)(int32_t)state * 0x1p-31f;
    }
}

/* ---- Time ------------------------------------------------------------------------------- */

/* CPU time of this thread, which other processes affect less than wall-clock time. */
static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

typedef void (*task)(void *context);

static double time_calls(task run, void *context, size_t calls)
{
    const double start = now_ns();
    for (size_t i = 0; i < calls; i++)
        run(context);
    return now_ns() - start;
}

/* Nanoseconds per call: the median of several rounds after a warm-up. */
static double measure(task run, void *context)
{
    enum { MOST_ROUNDS = 9 };
    const int rounds = chosen.quick ? 3 : MOST_ROUNDS;
    const double round_ns = chosen.quick ? 0.5e6 : 2e6;
    size_t calls = 1;
    double took = time_calls(run, context, calls);
    while (took < round_ns) {
        /*
         * Aims high, so that two or three turns are enough; at most 16 times, as the clock has a
         * grain.
         */
        const double factor = took > 0.0 ? 1.25 * round_ns / took : 16.0;
        calls = (size_t)((double)calls * (factor < 16.0 ? factor : 16.0)) + 1;
        took = time_calls(run, context, calls);
    }
    double all[MOST_ROUNDS];
    for (int i = 0; i < rounds; i++)
        all[i] = time_calls(run, context, calls) / (double)calls;
    return stats_median(all, (size_t)rounds);
}

/* ---- What the machine can do ------------------------------------------------------------ */

enum { LEVELS = 4, FORMATS = 3 };
static const char *const level_names[LEVELS] = {"L1", "L2", "L3", "memory"};
static const char *const format_names[FORMATS] = {"f32", "bf16", "int8"};

/* Weights that must not stay in the L2 cache are this many times its size. */
enum { STREAMED_L2 = 4 };

/* The sizes of this CPU's caches in bytes; the last size exceeds all of them. */
static size_t level_bytes[LEVELS];

typedef struct limits {
    double gmacs[FORMATS]; /* 0: not measured */
    double gbps[LEVELS];
} limits;

static size_t cache_size(int name, size_t otherwise)
{
    const long size = sysconf(name);
    return size > 0 ? (size_t)size : otherwise;
}

static void find_levels(void)
{
    level_bytes[0] = cache_size(_SC_LEVEL1_DCACHE_SIZE, 32u << 10);
    level_bytes[1] = cache_size(_SC_LEVEL2_CACHE_SIZE, 512u << 10);
    level_bytes[2] = cache_size(_SC_LEVEL3_CACHE_SIZE, 8u << 20);
    /* Machines with several dies report the sum of their caches, which no core can use alone. */
    if (level_bytes[2] > (64u << 20))
        level_bytes[2] = 64u << 20;
    level_bytes[3] = 4 * level_bytes[2];
}

/* The level in which this many bytes stay between calls, with room left for other data. */
static int level_of(size_t bytes)
{
    int level = 0;
    while (level < LEVELS - 1 && bytes > level_bytes[level] / 8 * 7)
        level++;
    return level;
}

extern const peak peak_avx2, peak_avxvnni, peak_avx512, peak_avx512bf16, peak_neon, peak_dotprod;

static const peak *const peaks[] = {
#ifdef HAVE_KERNELS_AVX2
    &peak_avx2,
#endif
#ifdef HAVE_KERNELS_AVXVNNI
    &peak_avxvnni,
#endif
#ifdef HAVE_KERNELS_AVX512
    &peak_avx512,
#endif
#ifdef HAVE_KERNELS_AVX512BF16
    &peak_avx512bf16,
#endif
#ifdef HAVE_KERNELS_NEON
    &peak_neon,
#endif
#ifdef HAVE_KERNELS_DOTPROD
    &peak_dotprod,
#endif
    NULL,
};

typedef struct peak_run {
    double (*steps)(size_t);
    double macs;
} peak_run;

static void run_steps(void *context)
{
    peak_run *const r = context;
    r->macs = r->steps(4096);
}

typedef struct read_run {
    float (*read)(const float *, size_t);
    const float *from;
    size_t n;
    float sum;
} read_run;

static void run_read(void *context)
{
    read_run *const r = context;
    r->sum += r->read(r->from, r->n);
}

static limits measure_limits(const peak *p)
{
    limits l = {{0.0}, {0.0}};
    double (*const steps[FORMATS])(size_t) = {p->f32, p->bf16, p->int8};
    for (int f = 0; f < FORMATS; f++) {
        peak_run r = {steps[f], 0.0};
        const double ns = measure(run_steps, &r);
        l.gmacs[f] = r.macs / ns;
    }
    for (int level = 0; level < LEVELS; level++) {
        /*
         * Half of a cache; of L3, which other cores may share, as much as the streamed matrices.
         */
        const size_t bytes = level == 2   ? STREAMED_L2 * level_bytes[1]
                             : level == 3 ? level_bytes[3]
                                          : level_bytes[level] / 2;
        const size_t n = bytes / sizeof(float) / 256 * 256;
        float *const x = aligned(n * sizeof *x);
        for (size_t i = 0; i < n; i++)
            x[i] = 0.0f;
        read_run r = {p->read, x, n, 0.0f};
        l.gbps[level] = (double)(n * sizeof *x) / measure(run_read, &r);
        free(x);
    }
    return l;
}

/* ---- Results ---------------------------------------------------------------------------- */

/* The time of a call in ns, and the rates that follow from it. */
typedef struct timing {
    double ns, gbps, gmacs;
    double percent; /* of the peak of the set's instructions and the cache; 0: unknown */
    int level;      /* where the weights are */
} timing;

static int first_result = 1;

static void json_start(const kernels *k, const char *kernel)
{
    printf("%s\n    {\"set\": \"%s\", \"kernel\": \"%s\"", first_result ? "" : ",", k->name,
           kernel);
    first_result = 0;
}

static void json_timing(const char *name, const timing *t)
{
    printf(", \"%s\": {\"ns\": %.1f, \"weights\": \"%s\", \"gbps\": %.2f, \"gmacs\": %.2f", name,
           t->ns, level_names[t->level], t->gbps, t->gmacs);
    if (t->percent > 0.0)
        printf(", \"percent\": %.1f", t->percent);
    printf("}");
}

static void table_timing(const timing *t)
{
    printf("  %6s %9.0f %7.1f %8.1f ", level_names[t->level], t->ns, t->gbps, t->gmacs);
    if (t->percent > 0.0)
        printf("%4.0f%%", t->percent);
    else
        printf("%5s", "-");
}

/* ---- Matrices --------------------------------------------------------------------------- */

typedef struct shape {
    size_t rows, columns;
    const char *what;
} shape;

static const shape shapes[] = {
    {512, 514, "LSTM 1 of stage 1, input"},
    {512, 1024, "LSTM 1 of stage 2, input"},
    {512, 512, "encoder, decoder"},
    {257, 128, "mask of stage 1"},
    {512, 128, "LSTM 2, input"},
};
/* The recurrent matrix of every LSTM: four gates of 128 units. */
static const shape recurrent = {512, 128, "recurrent"};

static const size_t dense_counts[] = {1, 2, 4, 16};
static const size_t lstm_counts[] = {1, 8};
enum { MOST_COUNT = 16 };

/* Copies of one matrix, and the vectors that it multiplies. */
typedef struct matrix_run {
    const kernels *k;
    const shape *shape;
    dense *copies;
    size_t cycle, next, count; /* copies used in turn */
    float *x, *y, *c, *h;
    void *memory, *scratch;
} matrix_run;

/* Enough copies for each to leave the L2 cache before its next turn. */
static matrix_run matrix_build(const kernels *k, const shape *s, dense_rows order,
                               dense_format format, size_t *copies)
{
    const size_t bytes = dense_size(s->rows, s->columns, order, format);
    const size_t row = KERNEL_PAD(s->rows);
    *copies = STREAMED_L2 * level_bytes[1] / bytes + 2;
    matrix_run r = {.k = k, .shape = s};
    r.copies = need(malloc(*copies * sizeof *r.copies));
    r.memory = aligned(*copies * bytes);
    r.scratch = aligned(DENSE_SCRATCH(s->columns, MOST_COUNT));
    r.x = aligned(KERNEL_PAD(s->columns) * MOST_COUNT * sizeof *r.x);
    r.y = aligned(row * MOST_COUNT * sizeof *r.y);
    r.c = aligned(row * MOST_COUNT * sizeof *r.c);
    r.h = aligned(row * MOST_COUNT * sizeof *r.h);
    fill(r.x, KERNEL_PAD(s->columns) * MOST_COUNT);
    memset(r.y, 0, row * MOST_COUNT * sizeof *r.y);
    memset(r.c, 0, row * MOST_COUNT * sizeof *r.c);

    float *const weights = aligned(s->rows * s->columns * sizeof *weights);
    fill(weights, s->rows * s->columns);
    for (size_t i = 0; i < s->rows * s->columns; i++)
        weights[i] *= 0.1f;
    const dense_values values = {
        .rows = s->rows, .columns = s->columns, .order = order, .weights = weights};
    for (size_t i = 0; i < *copies; i++)
        dense_pack(&r.copies[i], (char *)r.memory + i * bytes, &values, format);
    free(weights);
    return r;
}

static void matrix_free(matrix_run *r)
{
    free(r->copies);
    free(r->memory);
    free(r->scratch);
    free(r->x);
    free(r->y);
    free(r->c);
    free(r->h);
}

static const dense *next_copy(matrix_run *r)
{
    const dense *const layer = &r->copies[r->next];
    r->next = r->next + 1 < r->cycle ? r->next + 1 : 0;
    return layer;
}

static void run_dense(void *context)
{
    matrix_run *const r = context;
    r->k->dense(next_copy(r), r->x, KERNEL_PAD(r->shape->columns), r->y, KERNEL_PAD(r->shape->rows),
                r->count, r->scratch);
}

/* The gates of one step stay in y and are the next input; the time does not depend on values. */
static void run_lstm_step(void *context)
{
    matrix_run *const r = context;
    r->k->lstm_step(next_copy(r), r->x, r->y, r->c, r->h, r->count, r->scratch);
}

static timing time_matrix(task run, matrix_run *r, size_t cycle, const limits *most)
{
    const dense *const layer = &r->copies[0];
    const size_t panels = KERNEL_PAD(r->shape->rows) / PANEL_ROWS;
    const size_t bytes = panels * PANEL_ROWS * dense_steps(layer) * sizeof(uint32_t);
    const double macs = (double)(r->shape->rows * r->shape->columns * r->count);
    r->cycle = cycle;
    r->next = 0;
    timing t = {.ns = measure(run, r), .level = level_of(cycle * bytes)};
    t.gbps = (double)bytes / t.ns;
    t.gmacs = macs / t.ns;
    if (most->gmacs[layer->format] > 0.0) {
        /* Reading the weights can overlap with multiplying: the slower one is the lower bound. */
        const double read = (double)bytes / most->gbps[t.level];
        const double multiply = macs / most->gmacs[layer->format];
        t.percent = 100.0 * (read > multiply ? read : multiply) / t.ns;
    }
    return t;
}

static void bench_matrix(const kernels *k, const limits *most, const char *name, task run,
                         const shape *s, dense_rows order, const size_t *counts, size_t n)
{
    for (int format = 0; format < FORMATS; format++) {
        size_t copies;
        matrix_run r = matrix_build(k, s, order, (dense_format)format, &copies);
        for (size_t i = 0; i < n; i++) {
            r.count = counts[i];
            const timing hot = time_matrix(run, &r, 1, most);
            const timing streamed = time_matrix(run, &r, copies, most);
            if (chosen.json) {
                json_start(k, name);
                printf(", \"format\": \"%s\", \"rows\": %zu, \"columns\": %zu, \"count\": %zu",
                       format_names[format], s->rows, s->columns, r.count);
                json_timing("hot", &hot);
                json_timing("streamed", &streamed);
                printf("}");
                continue;
            }
            printf("%-9s %-4s [%3zu,%4zu] x %2zu", name, format_names[format], s->rows, s->columns,
                   r.count);
            table_timing(&hot);
            table_timing(&streamed);
            printf("\n");
        }
        matrix_free(&r);
    }
}

/* ---- Vectors and transforms ------------------------------------------------------------- */

/* Every buffer is long enough for all kernels of this kind. */
enum { LONGEST = FFT_SIZE };

typedef struct vector_run {
    const kernels *k;
    float *x, *y, *a, *b;
    size_t n;
} vector_run;

static void run_sigmoid(void *context)
{
    const vector_run *const r = context;
    r->k->sigmoid(r->y, r->x, r->n);
}

static void run_multiply(void *context)
{
    const vector_run *const r = context;
    r->k->multiply(r->y, r->x, r->a, r->n);
}

static void run_log_power(void *context)
{
    const vector_run *const r = context;
    r->k->log_power(r->y, r->x, r->n);
}

static void run_normalize(void *context)
{
    const vector_run *const r = context;
    r->k->normalize(r->y, r->x, r->a, r->b, r->n);
}

static void run_magnitude(void *context)
{
    const vector_run *const r = context;
    r->k->magnitude(r->y, r->a, r->b, r->n);
}

static void run_fft_forward(void *context)
{
    const vector_run *const r = context;
    r->k->fft_forward(fft_of(r->n), r->y, r->y + LONGEST, r->x);
}

static void run_fft_inverse(void *context)
{
    const vector_run *const r = context;
    r->k->fft_inverse(fft_of(r->n), r->y, r->a, r->b);
}

static const struct {
    const char *name;
    task run;
    size_t n;
} vectors[] = {
    {"sigmoid", run_sigmoid, 257},
    {"multiply", run_multiply, 257},
    {"log_power", run_log_power, 257},
    {"normalize", run_normalize, 257},
    {"normalize", run_normalize, 512},
    {"magnitude", run_magnitude, 257},
    {"fft_forward", run_fft_forward, FFT_SIZE},
    {"fft_inverse", run_fft_inverse, FFT_SIZE},
    {"fft_forward", run_fft_forward, FFT_SIZE / 2},
    {"fft_inverse", run_fft_inverse, FFT_SIZE / 2},
};
enum { VECTORS = sizeof vectors / sizeof *vectors };

static int wanted(const char *kernel)
{
    return !chosen.kernel || strcmp(chosen.kernel, kernel) == 0;
}

static void bench_vectors(const kernels *k)
{
    vector_run r = {.k = k};
    float *const floats = aligned(5 * LONGEST * sizeof *floats);
    fill(floats, 5 * LONGEST);
    r.x = floats;
    r.a = floats + LONGEST;
    r.b = floats + 2 * LONGEST;
    r.y = floats + 3 * LONGEST; /* twice as long */
    for (size_t i = 0; i < VECTORS; i++) {
        if (!wanted(vectors[i].name))
            continue;
        r.n = vectors[i].n;
        const double ns = measure(vectors[i].run, &r);
        if (chosen.json) {
            json_start(k, vectors[i].name);
            printf(", \"n\": %zu, \"ns\": %.1f}", r.n, ns);
        } else {
            printf("%-11s %4zu elements %21s %9.0f %9.3f ns each\n", vectors[i].name, r.n, "", ns,
                   ns / (double)r.n);
        }
    }
    free(floats);
}

/* ---- A run ------------------------------------------------------------------------------ */

static void cpu_name(char *name, size_t size)
{
    snprintf(name, size, "unknown CPU");
    FILE *const file = fopen("/proc/cpuinfo", "r");
    char line[256];
    while (file && fgets(line, sizeof line, file)) {
        const char *const colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || !colon)
            continue;
        snprintf(name, size, "%s", colon + 2);
        name[strcspn(name, "\"\\\n")] = '\0';
        break;
    }
    if (file)
        fclose(file);
}

static void show_limits(const kernels *k, const limits *l)
{
    if (chosen.json) {
        printf("%s\n    {\"set\": \"%s\"", first_result ? "" : ",", k->name);
        for (int f = 0; f < FORMATS; f++)
            printf(", \"%s_gmacs\": %.1f", format_names[f], l->gmacs[f]);
        for (int level = 0; level < LEVELS; level++)
            printf(", \"%s_gbps\": %.1f", level_names[level], l->gbps[level]);
        printf("}");
        first_result = 0;
        return;
    }
    printf("%-11s", k->name);
    for (int f = 0; f < FORMATS; f++)
        printf(" %8.1f", l->gmacs[f]);
    for (int level = 0; level < LEVELS; level++)
        printf(" %8.1f", l->gbps[level]);
    printf("\n");
}

static void show_start(void)
{
    char name[128];
    cpu_name(name, sizeof name);
    if (chosen.json) {
        printf("{\n  \"cpu\": \"%s\",\n  \"compiler\": \"%s\",\n  \"caches\": [%zu, %zu],\n"
               "  \"limits\": [",
               name, __VERSION__, level_bytes[0], level_bytes[1]);
        return;
    }
    printf("%s, one thread; L1 %zu KiB, L2 %zu KiB; compiler %s\n\n", name, level_bytes[0] >> 10,
           level_bytes[1] >> 10, __VERSION__);
    printf("Peak        GMAC/s of its steps          GB/s read from\n"
           "%-11s %8s %8s %8s %8s %8s %8s %8s\n",
           "", "f32", "bf16", "int8", "L1", "L2", "L3", "memory");
}

static void show_set(const kernels *k)
{
    if (chosen.json)
        return;
    printf("\n%s\n%-31s  %-38s  %s\n%-31s", k->name, "", "the same weights every call",
           "weights from beyond L2", "");
    for (int i = 0; i < 2; i++)
        printf("  %6s %9s %7s %8s %5s", "from", "ns", "GB/s", "GMAC/s", "limit");
    printf("\n");
}

static void bench_set(const kernels *k, const limits *most)
{
    show_set(k);
    for (size_t i = 0; wanted("dense") && i < sizeof shapes / sizeof *shapes; i++)
        bench_matrix(k, most, "dense", run_dense, &shapes[i], ROWS_PLAIN, dense_counts,
                     sizeof dense_counts / sizeof *dense_counts);
    if (wanted("lstm_step"))
        bench_matrix(k, most, "lstm_step", run_lstm_step, &recurrent, ROWS_GATES, lstm_counts,
                     sizeof lstm_counts / sizeof *lstm_counts);
    bench_vectors(k);
}

/* Whether this CPU can run the set and the user selected it. */
static int runnable(const kernels *k)
{
    return (k->cpu & ~kernels_cpu()) == 0 && (!chosen.set || strcmp(chosen.set, k->name) == 0);
}

static int parse(int count, char **arguments)
{
    for (int i = 1; i < count; i++) {
        if (strcmp(arguments[i], "--json") == 0)
            chosen.json = 1;
        else if (strcmp(arguments[i], "--quick") == 0)
            chosen.quick = 1;
        else if (strcmp(arguments[i], "--set") == 0 && i + 1 < count)
            chosen.set = arguments[++i];
        else if (strcmp(arguments[i], "--kernel") == 0 && i + 1 < count)
            chosen.kernel = arguments[++i];
        else
            return 0;
    }
    int known = wanted("dense") || wanted("lstm_step"), sets = 0;
    for (size_t i = 0; i < VECTORS; i++)
        known |= wanted(vectors[i].name);
    for (size_t i = 0; i < kernels_count(); i++)
        sets += runnable(kernels_at(i));
    return known && sets > 0;
}

int main(int count, char **arguments)
{
    if (count == 2 && strcmp(arguments[1], "--help") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    if (!parse(count, arguments)) {
        fputs(usage, stderr);
        return 2;
    }
    find_levels();
    show_start();
    limits all[KERNEL_SETS_MAX] = {{{0.0}, {0.0}}};
    for (size_t i = 0; i < kernels_count(); i++)
        for (size_t p = 0; peaks[p] && runnable(kernels_at(i)); p++)
            if (strcmp(peaks[p]->name, kernels_at(i)->name) == 0) {
                all[i] = measure_limits(peaks[p]);
                show_limits(kernels_at(i), &all[i]);
            }
    if (chosen.json)
        printf("\n  ],\n  \"results\": [");
    first_result = 1;
    for (size_t i = 0; i < kernels_count(); i++)
        if (runnable(kernels_at(i)))
            bench_set(kernels_at(i), &all[i]);
    if (chosen.json)
        printf("\n  ]\n}\n");
    return 0;
}
