/*
 * No leak when a thread exits, whatever it opened: a thousand threads open a stream, process, and
 * exit; every other one leaves its stream for somebody else to close. A replaced allocator counts
 * the blocks in use, including ONNX Runtime's, and the test shows that the count notices one tensor
 * per thread.
 */
#include "backends.h"
#include "check.h"
#include "onnxruntime/api.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
    THREADS = 1000,
    AT_ONCE = 4,
    /* What the C library and ONNX Runtime allocate once and keep. */
    WARM_UP = 40,
    /* Blocks that all threads together may leave: the C library keeps some per thread slot. */
    BLOCKS_ALLOWED = 20,
};

/* ---- Counting replacements; the C library's own functions do the work ------------------- */

static atomic_long blocks;

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *memory);

static void *counted(void *memory)
{
    atomic_fetch_add(&blocks, memory != NULL);
    return memory;
}

void *malloc(size_t size)
{
    return counted(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
    return counted(__libc_calloc(count, size));
}

void *realloc(void *memory, size_t size)
{
    if (!memory)
        return malloc(size);
    void *const moved = __libc_realloc(memory, size);
    if (size == 0)
        atomic_fetch_sub(&blocks, 1);
    return moved;
}

void *memalign(size_t alignment, size_t size);

void *memalign(size_t alignment, size_t size)
{
    return counted(__libc_memalign(alignment, size));
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
    *memory = memalign(alignment, size);
    return *memory ? 0 : ENOMEM;
}

void free(void *memory)
{
    atomic_fetch_sub(&blocks, memory != NULL);
    __libc_free(memory);
}

/* ---- Threads ---------------------------------------------------------------------------- */

typedef struct visit {
    unecho_config config;
    int leave_open; /* the stream is handed over instead of closed */
    unecho *stream;
    void (*also)(void); /* what else the thread does; may be NULL */
} visit;

static void *open_process_leave(void *argument)
{
    visit *const v = argument;
    float mic[2 * UNECHO_HOP], out[2 * UNECHO_HOP];
    for (size_t i = 0; i < 2 * UNECHO_HOP; i++)
        mic[i] = (float)(i % 13) * 0.02f;
    if (unecho_open(&v->stream, &v->config) < 0)
        return NULL; /* the missing stream shows it */
    unecho_process(v->stream, mic, mic, out, 2 * UNECHO_HOP);
    if (v->also)
        v->also();
    if (!v->leave_open)
        unecho_close(&v->stream);
    return v;
}

static void run_threads(const unecho_config *config, unsigned count, void (*also)(void))
{
    for (unsigned first = 0; first < count; first += AT_ONCE) {
        visit visits[AT_ONCE];
        pthread_t threads[AT_ONCE];
        for (unsigned i = 0; i < AT_ONCE; i++) {
            visits[i] = (visit){*config, (first + i) % 2 == 0, NULL, also};
            assert_int_equal(pthread_create(&threads[i], NULL, open_process_leave, &visits[i]), 0);
        }
        for (unsigned i = 0; i < AT_ONCE; i++) {
            void *done = NULL;
            pthread_join(threads[i], &done);
            if (!done)
                fail_msg("a thread could not open its stream");
            unecho_close(&visits[i].stream);
        }
    }
}

/* How many more blocks are in use after `count` threads. */
static long growth(const unecho_config *config, unsigned count, void (*also)(void))
{
    run_threads(config, WARM_UP, NULL);
    const long before = atomic_load(&blocks);
    run_threads(config, count, also);
    return atomic_load(&blocks) - before;
}

static void forget_a_block(void)
{
    /* Through a volatile pointer, or the compiler removes it. */
    char *volatile forgotten = malloc(64);
    (void)forgotten;
}

static void native(void **unused)
{
    (void)unused;
    enum { CONTROL = 100 };
    unecho_config config = config_for(UNECHO_BACKEND_NATIVE, NULL);
    assert_int_equal(unecho_model_builtin(&config.model, UNECHO_MODEL_DTLN_AEC, NULL, 0),
                     UNECHO_OK);
    const long clean = growth(&config, THREADS, NULL);
    const long leaking = growth(&config, CONTROL, forget_a_block);
    print_message("native: %ld blocks left by %d threads; %ld by %d that leak one on purpose\n",
                  clean, THREADS, leaking, CONTROL);
    assert_true(clean <= BLOCKS_ALLOWED);
    assert_true(leaking >= CONTROL);
    unecho_model_unref(&config.model);
}

static const ort_api *api;
static ort_memory_info *memory;

/* A leak to detect: tensors kept per thread. */
static void forget_a_tensor(void)
{
    static float data[1];
    const int64_t dims[1] = {1};
    ort_value *value = NULL;
    api->create_tensor_with_data(memory, data, sizeof data, dims, 1, ORT_FLOAT, &value);
}

/* In the library that the streams use; after the first of them, which loads it. */
static void find_api(void)
{
    void *const library = dlopen(getenv("UNECHO_ONNXRUNTIME"), RTLD_NOW);
    assert_non_null(library);
    void *const symbol = dlsym(library, "OrtGetApiBase");
    assert_non_null(symbol);
    const ort_api_base *(*get_base)(void);
    memcpy(&get_base, &symbol, sizeof symbol);
    api = get_base()->get_api(ORT_API_NEEDED);
    assert_null(api->create_cpu_memory_info(ORT_DEVICE_ALLOCATOR, ORT_MEMORY_DEFAULT, &memory));
}

static void onnxruntime(void **unused)
{
    (void)unused;
    enum { CONTROL = 100 };
    need_onnxruntime();
    unecho_config config = config_for(UNECHO_BACKEND_ONNXRUNTIME, NULL);
    config.hops_at_once = 2;
    assert_int_equal(unecho_model_builtin(&config.model, UNECHO_MODEL_DTLN_AEC, NULL, 0),
                     UNECHO_OK);
    const long clean = growth(&config, THREADS, NULL);
    find_api();
    const long leaking = growth(&config, CONTROL, forget_a_tensor);
    print_message("ONNX Runtime: %ld blocks left by %d threads; %ld by %d that leak one tensor on "
                  "purpose\n",
                  clean, THREADS, leaking, CONTROL);
    assert_true(clean <= BLOCKS_ALLOWED);
    assert_true(leaking >= CONTROL);

    unecho_onnxruntime settings = {.size = sizeof settings, .stage_threads = {2, 2}};
    config.onnxruntime = &settings;
    const long pools = growth(&config, CONTROL, NULL);
    settings.profile = UNECHO_UNTUNED_PROFILE;
    const long untuned = growth(&config, CONTROL, NULL);
    print_message("by %d threads: with pools %ld, untuned %ld\n", CONTROL, pools, untuned);
    assert_true(pools <= BLOCKS_ALLOWED);
    assert_true(untuned <= BLOCKS_ALLOWED);
    unecho_model_unref(&config.model);
    api->release_memory_info(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(native),
        cmocka_unit_test(onnxruntime),
    };
    return cmocka_run_group_tests_name("thread_exit", tests, NULL, NULL);
}
