/*
 * The real-time contract: unecho_process and its relatives allocate nothing, lock nothing and make
 * no system call. Replaced allocators and locks count their calls, and a second process runs under
 * a filter that kills it at the first system call. Each trap is first shown to work.
 */
#define _GNU_SOURCE
#include "check.h"
#include "signals.h"
#include "unecho_model.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LENGTH = 32000 };

/* ---- Counting replacements; the C library's own functions do the work ------------------- */

static volatile int armed;
static volatile unsigned calls;

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *memory);

#define COUNT() (calls += armed != 0)

void *malloc(size_t size)
{
    COUNT();
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    COUNT();
    return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
    COUNT();
    return __libc_realloc(memory, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    COUNT();
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
    COUNT();
    *memory = __libc_memalign(alignment, size);
    return *memory ? 0 : ENOMEM;
}

void free(void *memory)
{
    COUNT();
    __libc_free(memory);
}

/* The streams of this program run on one thread: nothing needs the locks to work. */
int pthread_mutex_lock(pthread_mutex_t *lock)
{
    (void)lock;
    COUNT();
    return 0;
}

int pthread_mutex_trylock(pthread_mutex_t *lock)
{
    (void)lock;
    COUNT();
    return 0;
}

int pthread_rwlock_rdlock(pthread_rwlock_t *lock)
{
    (void)lock;
    COUNT();
    return 0;
}

int pthread_rwlock_wrlock(pthread_rwlock_t *lock)
{
    (void)lock;
    COUNT();
    return 0;
}

int pthread_spin_lock(pthread_spinlock_t *lock)
{
    (void)lock;
    COUNT();
    return 0;
}

int pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *lock)
{
    (void)condition;
    (void)lock;
    COUNT();
    return 0;
}

/* ---- What is called under watch --------------------------------------------------------- */

typedef struct fixture {
    int latency; /* of `any` */
    unecho *any, *other, *hops;
    unecho *device;     /* 48 kHz stereo, far end pushed at 44.1 kHz stereo */
    unecho *devices[2]; /* the same, far end passed with the microphone */
    float *mic, *far, *out;
    int16_t *mic16, *out16;
    unsigned char *bytes; /* of records, [LENGTH] */
} fixture;

static fixture set_fixture(unecho_model_kind kind, unecho_precision precision)
{
    fixture s = {.latency = kind == UNECHO_MODEL_POSTFILTER ? 256 : 512};
    unecho_config config;
    unecho_config_init(&config);
    unecho_model *model = NULL;
    assert_int_equal(unecho_model_builtin(&model, kind, NULL, 0), UNECHO_OK);
    config.model = model;
    config.precision = precision;
    /* One whose record stops as nobody reads it, three that are read, and some without. */
    config.record_capacity = 100000;
    assert_int_equal(unecho_open(&s.any, &config), UNECHO_OK);
    config.record_capacity = 0;
    assert_int_equal(unecho_open(&s.other, &config), UNECHO_OK);
    config.record_capacity = 1 << 18;
    config.sample_rate = 48000;
    config.mic_channels = config.far_channels = 2;
    config.mic_channel = UNECHO_CHANNEL_MEAN;
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(unecho_open(&s.devices[i], &config), UNECHO_OK);
    config.far_rate = 44100;
    config.far_queue_ms = 100;
    config.reference_late_ms = 50;
    assert_int_equal(unecho_open(&s.device, &config), UNECHO_OK);
    unecho_config_init(&config);
    config.model = model;
    config.precision = precision;
    config.whole_hops = 1;
    config.hops_at_once = 1;
    assert_int_equal(unecho_open(&s.hops, &config), UNECHO_OK);
    unecho_model_unref(&model);
    s.mic = noise_signal(LENGTH, 0.3f, 5).samples;
    s.far = noise_signal(LENGTH, 0.3f, 6).samples;
    s.out = malloc(LENGTH * sizeof *s.out);
    s.mic16 = calloc(LENGTH, sizeof *s.mic16);
    s.out16 = malloc(LENGTH * sizeof *s.out16);
    s.bytes = malloc(LENGTH);
    /* Bad samples take the guarded path. */
    s.mic[1000] = NAN;
    s.mic[2000] = INFINITY;
    s.far[3000] = 1e30f;
    return s;
}

static void clear_fixture(fixture *s)
{
    unecho_close(&s->any);
    unecho_close(&s->other);
    unecho_close(&s->hops);
    unecho_close(&s->device);
    unecho_close(&s->devices[0]);
    unecho_close(&s->devices[1]);
    free(s->mic);
    free(s->far);
    free(s->out);
    free(s->mic16);
    free(s->out16);
    free(s->bytes);
}

/* Continue reading the stream's record. Returns 0. */
static int read_record(fixture *s, unecho *stream)
{
    size_t got = LENGTH;
    int failed = 0;
    while (got == LENGTH)
        failed |= unecho_record_read(stream, s->bytes, LENGTH, &got);
    return failed;
}

/*
 * Rates, channels, a pushed far end, gaps, and an echo for the aligner to find: the far end itself,
 * 30 ms late. Returns 0.
 */
static int perform_front_end(fixture *s)
{
    enum { MIC = 480, FAR = 441, LAG = 1440, PARTS = (LENGTH - LAG) / MIC };
    unecho_stats stats = {.size = sizeof stats};
    int failed = 0;
    float *const quiet = s->out + 2 * MIC; /* one channel of output, not used otherwise */
    /* Long enough to find the echo on the way. */
    for (size_t part = 0; part < 3 * PARTS; part++) {
        const size_t i = part % PARTS * MIC;
        const float *const mics[] = {s->far + i, s->far + i}, *const fars[] = {s->far, s->mic};
        const float *const near[] = {s->far + i, s->mic + i};
        const float *const loop[] = {s->far + i + LAG, s->far + i + LAG};
        float *const outs[] = {s->out, quiet};
        if (i / MIC % 16 < 13) {
            failed |= unecho_push_far_planar(s->device, near, FAR);
        } else if (i / MIC % 16 == 13) { /* too much of it */
            for (int k = 0; k < 20; k++)
                failed |= unecho_push_far(s->device, s->far, 4 * FAR);
            failed |= unecho_push_far_int16(s->device, s->mic16, FAR);
        }
        failed |= unecho_process_planar(s->device, mics, NULL, outs, MIC);
        failed |= unecho_process_int16(s->device, s->mic16, NULL, s->out16, MIC);
        failed |= unecho_process_planar(s->device, fars, fars, outs, MIC) != UNECHO_ERROR_ARGUMENT;
        failed |= unecho_process_planar(s->devices[0], mics, loop, outs, MIC);
        failed |= read_record(s, s->device) | read_record(s, s->devices[0]);
    }
    failed |= unecho_get_stats(s->devices[0], &stats) || stats.realignments == 0;
    failed |= unecho_notify_gap(s->device, 4800, 0);
    failed |= unecho_notify_gap(s->device, 0, 4800);
    failed |= unecho_notify_gap(s->devices[0], UINT64_MAX, 100);
    for (size_t i = 0; i + MIC <= LENGTH / 4; i += MIC) {
        const float *const mics[] = {s->mic + 2 * i, s->far + 2 * i};
        float *const outs[] = {s->out, s->out + LENGTH / 2};
        const unsigned turn = (unsigned)(i / MIC % 4);
        failed |= unecho_set_suppression(s->devices[0], 0.5f * (float)turn);
        failed |= unecho_set_noise_reduction(s->devices[0], 6 * turn);
        failed |= unecho_set_comfort_noise(s->devices[0], turn == 3);
        failed |= unecho_process_many(s->devices, mics, NULL, outs, 2, MIC);
        failed |= unecho_process_many(s->devices, mics, mics, outs, 2, MIC - 7);
        failed |= unecho_process(s->device, s->mic, NULL, s->out, MIC); /* nothing is pushed */
        failed |= read_record(s, s->devices[0]);
    }
    failed |= unecho_get_stats(s->device, &stats);
    failed |= unecho_latency(s->device) < 3400;
    failed |= unecho_next_call(s->device);
    failed |= unecho_reset(s->device);
    failed |= unecho_reset(s->devices[1]);
    return failed;
}

/* Every function that the header calls real-time safe, on every path. Returns 0. */
static int perform(fixture *s)
{
    static const size_t chunks[] = {1, 100, 128, 480, 2048, 4000};
    unecho_stats stats = {.size = sizeof stats};
    int failed = 0;
    for (size_t c = 0; c < sizeof chunks / sizeof *chunks; c++)
        for (size_t i = 0; i + chunks[c] <= LENGTH / 4; i += chunks[c]) {
            const size_t n = chunks[c];
            failed |= unecho_process(s->any, s->mic + i, s->far + i, s->out + i, n);
            failed |= unecho_process(s->any, s->mic + i, NULL, s->out + i, n);
            failed |= unecho_process_int16(s->any, s->mic16 + i, s->mic16 + i, s->out16 + i, n);
        }
    for (size_t i = 0; i + 128 <= LENGTH; i += 128)
        failed |= unecho_process(s->hops, s->mic + i, s->far + i, s->out + i, 128);
    unecho *const both[] = {s->any, s->other};
    const float *const mics[] = {s->mic, s->far}, *const fars[] = {s->far, s->mic};
    float *const outs[] = {s->out, s->out + LENGTH / 2};
    for (size_t i = 0; i < 20; i++)
        failed |= unecho_process_many(both, mics, fars, outs, 2, 100 + 37 * i);
    failed |= unecho_process(s->hops, s->mic, s->far, s->out, 100) != UNECHO_ERROR_CHUNK;
    failed |= unecho_get_stats(s->any, &stats);
    failed |= unecho_latency(s->any) != s->latency;
    failed |= unecho_next_call(s->any);
    failed |= unecho_reset(s->any);
    failed |= read_record(s, s->any);
    return failed | perform_front_end(s);
}

static void no_allocation_and_no_lock(unecho_model_kind kind, unecho_precision precision)
{
    fixture s = set_fixture(kind, precision);

    /* The traps work: they see the library's own open and close. */
    unecho *other = NULL;
    armed = 1;
    const int opened = unecho_open(&other, NULL);
    unecho_close(&other);
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    const unsigned before_lock = calls;
    pthread_mutex_lock(&lock);
    armed = 0;
    assert_int_equal(opened, UNECHO_OK);
    assert_true(before_lock >= 2); /* the stream's memory, taken and given back */
    assert_int_equal(calls, before_lock + 1);

    calls = 0;
    armed = 1;
    const int failed = perform(&s);
    armed = 0;
    assert_int_equal(failed, 0);
    assert_int_equal(calls, 0);
    clear_fixture(&s);
}

/* From here on, any system call except exit_group kills the process. */
static int forbid_system_calls(void)
{
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), /* the system call's number */
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    const struct sock_fprog program = {sizeof rules / sizeof *rules, rules};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* How a child ends that runs `action` under the filter. */
static int status_of(int (*action)(fixture *), fixture *s)
{
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(!forbid_system_calls() ? 99 : action(s));
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 99) {
        print_message("skipped: this kernel does not allow system call filters\n");
        clear_fixture(s);
        skip();
    }
    return status;
}

static int call_the_system(fixture *s)
{
    (void)s;
    return getppid() < 0;
}

static void no_system_call(unecho_model_kind kind, unecho_precision precision)
{
    fixture s = set_fixture(kind, precision);
    const int trapped = status_of(call_the_system, &s);
    assert_true(WIFSIGNALED(trapped) && WTERMSIG(trapped) == SIGSYS);
    const int status = status_of(perform, &s);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    clear_fixture(&s);
}

#define WITH(test, name, kind, precision)                                                          \
    static void test##_##name(void **unused)                                                       \
    {                                                                                              \
        (void)unused;                                                                              \
        test(kind, precision);                                                                     \
    }
#define IN_EACH_PRECISION(test)                                                                    \
    WITH(test, fp32, UNECHO_MODEL_DTLN_AEC, UNECHO_PRECISION_FP32)                                 \
    WITH(test, bf16, UNECHO_MODEL_DTLN_AEC, UNECHO_PRECISION_BF16)                                 \
    WITH(test, int8, UNECHO_MODEL_DTLN_AEC, UNECHO_PRECISION_INT8)                                 \
    WITH(test, postfilter, UNECHO_MODEL_POSTFILTER, UNECHO_PRECISION_FP32)                         \
    WITH(test, postfilter_bf16, UNECHO_MODEL_POSTFILTER, UNECHO_PRECISION_BF16)                    \
    WITH(test, postfilter_int8, UNECHO_MODEL_POSTFILTER, UNECHO_PRECISION_INT8)
IN_EACH_PRECISION(no_allocation_and_no_lock)
IN_EACH_PRECISION(no_system_call)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_allocation_and_no_lock_fp32),
        cmocka_unit_test(no_allocation_and_no_lock_bf16),
        cmocka_unit_test(no_allocation_and_no_lock_int8),
        cmocka_unit_test(no_allocation_and_no_lock_postfilter),
        cmocka_unit_test(no_allocation_and_no_lock_postfilter_bf16),
        cmocka_unit_test(no_allocation_and_no_lock_postfilter_int8),
        cmocka_unit_test(no_system_call_fp32),
        cmocka_unit_test(no_system_call_bf16),
        cmocka_unit_test(no_system_call_int8),
        cmocka_unit_test(no_system_call_postfilter),
        cmocka_unit_test(no_system_call_postfilter_bf16),
        cmocka_unit_test(no_system_call_postfilter_int8),
    };
    return cmocka_run_group_tests_name("realtime", tests, NULL, NULL);
}
