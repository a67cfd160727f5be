/* unecho info: what the model and this machine are. It processes nothing. */
#include "command.h"
#include "engine_choice.h"
#include "files/json.h"
#include "report.h"

#include "unecho_model.h"

#include <inttypes.h>
#include <stdio.h>

typedef struct info_options {
    model_choice model;
    engine_choice engine;
    bool json;
} info_options;

struct facts {
    bool has_network;
    unecho_model_info model;             /* of the network */
    int latency_whole_hops, latency_any; /* samples */
    char kernels[32];
};

static bool look_at_stream(unecho_model *model, const engine_choice *engine, int whole_hops,
                           int *latency, struct facts *facts)
{
    unecho_config config;
    unecho *stream;
    unecho_config_init(&config);
    config.model = model;
    config.whole_hops = whole_hops;
    stream = engine_choice_open(engine, &config);
    if (!stream)
        return false;
    *latency = unecho_latency(stream);
    snprintf(facts->kernels, sizeof(facts->kernels), "%s", unecho_kernels(stream));
    unecho_close(&stream);
    return true;
}

static bool look_at_model(const unecho_model *model, struct facts *facts)
{
    facts->model.size = sizeof(facts->model);
    return unecho_model_get_info(model, &facts->model) == UNECHO_OK;
}

static bool gather(const info_options *options, struct facts *facts)
{
    unecho_model *model = NULL;
    bool done;
    facts->has_network = options->engine.engine != UNECHO_ENGINE_LINEAR;
    if (facts->has_network)
        model = model_choice_load(&options->model, engine_choice_builtin(&options->engine));
    if (facts->has_network && !model)
        return false;
    done = (!model || look_at_model(model, facts)) &&
           look_at_stream(model, &options->engine, 1, &facts->latency_whole_hops, facts) &&
           look_at_stream(model, &options->engine, 0, &facts->latency_any, facts);
    unecho_model_unref(&model);
    return done;
}

static double milliseconds(int samples)
{
    return 1000.0 * samples / UNECHO_SAMPLE_RATE;
}

static const struct {
    uint32_t feature;
    const char *name;
} features[] = {
    {UNECHO_CPU_AVX2, "avx2"},     {UNECHO_CPU_AVXVNNI, "avxvnni"},
    {UNECHO_CPU_AVX512, "avx512"}, {UNECHO_CPU_BF16, "avx512bf16"},
    {UNECHO_CPU_NEON, "neon"},     {UNECHO_CPU_DOTPROD, "dotprod"},
};

/* quote: around each name, "" for people. */
static void print_features(const char *quote)
{
    uint32_t here = unecho_cpu_features();
    printf("%splain%s", quote, quote);
    for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++)
        if (here & features[i].feature)
            printf(", %s%s%s", quote, features[i].name, quote);
}

static void print_model(const unecho_model_info *model)
{
    printf("model        %s\n", model->name);
    printf("  kind       %s\n", model->description);
    printf("  parameters %" PRIu64 "\n", model->parameters);
    if (model->producer[0])
        printf("  producer   %s\n", model->producer);
}

static void print(const struct facts *facts)
{
    printf("unecho       %s\n", unecho_version());
    if (facts->has_network)
        print_model(&facts->model);
    else
        puts("model        none: the linear filter alone");
    printf("sample rates %d to %d Hz; the %s runs at %d Hz, in hops of %d samples (%.0f ms)\n",
           UNECHO_RATE_MIN, UNECHO_RATE_MAX, facts->has_network ? "network" : "filter",
           UNECHO_SAMPLE_RATE, UNECHO_HOP, milliseconds(UNECHO_HOP));
    printf(
        "latency      at that rate %d samples (%.0f ms) for chunks of whole hops, %d (%.0f ms) for "
        "other chunks\n",
        facts->latency_whole_hops, milliseconds(facts->latency_whole_hops), facts->latency_any,
        milliseconds(facts->latency_any));
    fputs("CPU          ", stdout);
    print_features("");
    printf("; kernels in use: %s\n", facts->kernels);
}

static void print_model_json(const unecho_model_info *model)
{
    fputs("\"model\": ", stdout);
    json_print_string(model->name, stdout);
    printf(", \"units\": %u, \"parameters\": %" PRIu64 ", \"producer\": ", model->units,
           model->parameters);
    json_print_string(model->producer, stdout);
}

static void print_json(const struct facts *facts)
{
    printf("{\"version\": \"%s\", ", unecho_version());
    if (facts->has_network)
        print_model_json(&facts->model);
    else
        fputs("\"model\": null, \"units\": null, \"parameters\": null, \"producer\": null", stdout);
    printf(", \"sample_rate\": %d, \"hop_samples\": %d, \"latency_samples\": %d, "
           "\"latency_ms\": %.3f, \"latency_samples_any_chunk\": %d, "
           "\"latency_ms_any_chunk\": %.3f, \"cpu_features\": [",
           UNECHO_SAMPLE_RATE, UNECHO_HOP, facts->latency_whole_hops,
           milliseconds(facts->latency_whole_hops), facts->latency_any,
           milliseconds(facts->latency_any));
    print_features("\"");
    printf("], \"kernels\": \"%s\"}\n", facts->kernels);
}

static int run_info(const void *opaque)
{
    const info_options *options = opaque;
    struct facts facts = {0};
    if (!gather(options, &facts))
        return EXIT_FAILED;
    if (options->json)
        print_json(&facts);
    else
        print(&facts);
    return report_output_written() ? EXIT_DONE : EXIT_FAILED;
}

/* ---- Options ---------------------------------------------------------------------------- */

static const struct option rows[] = {
    {.name = "json",
     .help = "print one JSON object",
     .set = option_on,
     .at = offsetof(info_options, json)},
    {.name = NULL},
};

static const struct option_group groups[] = {
    {engine_options, offsetof(info_options, engine)},
    {model_options, offsetof(info_options, model)},
    {backend_options, offsetof(info_options, engine)},
    {library_options, offsetof(info_options, engine.library)},
    {network_options, offsetof(info_options, engine)},
    {rows, 0},
    {option_help, 0},
    {NULL, 0},
};

static const info_options defaults = {.engine = ENGINE_CHOICE_DEFAULT};

static bool check(void *opaque, const struct arguments *arguments)
{
    info_options *options = opaque;
    return arguments_at_most(arguments, 0, "") &&
           engine_choice_check(&options->engine, &options->model, arguments->command);
}

const struct command info_command = {
    .name = "info",
    .summary = "show the model, the latency, the version and the CPU's features",
    .usage = "usage: unecho info [options]\n",
    .description = "Show the model, the latency, the version and the CPU's features.",
    .notes = "\n"
             "Exit status: 0 success, 1 failed, 2 invalid command line.\n",
    .groups = groups,
    .defaults = &defaults,
    .size = sizeof(defaults),
    .check = check,
    .run = run_info,
};
