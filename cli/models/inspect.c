/* unecho inspect: describes model files, and what can run them. */
#include "command.h"
#include "files/json.h"
#include "report.h"
#include "wrap.h"

#include "unecho_model.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct inspect_options {
    char **names;
    size_t count;
    bool json;
} inspect_options;

struct file {
    char *path;
    bool good;
    unecho_model_file_info info;
    char message[UNECHO_MESSAGE_SIZE]; /* why it is not good */
};

/* A complete model: two consecutive files that are its stages, or one post-filter. */
struct pair {
    const struct file *stages[2]; /* the second NULL: a post-filter */
    bool good;
    char message[UNECHO_MESSAGE_SIZE];
    char kernels[32];
};

struct findings {
    struct file *files;
    size_t count;
    struct pair *pairs;
    size_t pair_count;
};

/* ---- Which files ------------------------------------------------------------------------ */

static char *joined(const char *prefix, const char *ending)
{
    size_t size = strlen(prefix) + strlen(ending) + 1;
    char *path = malloc(size);
    if (path)
        snprintf(path, size, "%s%s", prefix, ending);
    return path;
}

static bool add_path(struct findings *f, char *path)
{
    if (!path)
        return report_no_memory();
    f->files[f->count++].path = path;
    return true;
}

/* The two files of a prefix or its single one, or the file itself. */
static bool add_files(struct findings *f, const char *name)
{
    static const char *const endings[][2] = {
        {"_1.onnx", "_2.onnx"}, {"_1.tflite", "_2.tflite"}, {".onnx", NULL}};
    for (size_t i = 0; i < 3 && access(name, F_OK) != 0; i++) {
        char *first = joined(name, endings[i][0]);
        if (!first || access(first, F_OK) == 0)
            return add_path(f, first) &&
                   (!endings[i][1] || add_path(f, joined(name, endings[i][1])));
        free(first);
    }
    return add_path(f, joined(name, ""));
}

/* ---- What they are ---------------------------------------------------------------------- */

static void look_at(struct file *file)
{
    int status;
    file->info.size = sizeof(file->info);
    status =
        unecho_model_inspect_file(file->path, &file->info, file->message, sizeof(file->message));
    file->good = status == UNECHO_OK;
    if (!file->good && !file->message[0])
        snprintf(file->message, sizeof(file->message), "%s", unecho_strerror(status));
}

static bool is_postfilter(const struct file *file)
{
    return file->info.kind == UNECHO_MODEL_POSTFILTER;
}

/* Whether it loads and opens, and with which kernels. */
static void try_pair(struct pair *pair)
{
    unecho_model *model = NULL;
    unecho *stream = NULL;
    unecho_config config;
    int status = unecho_model_load_files(&model, pair->stages[0]->path,
                                         pair->stages[1] ? pair->stages[1]->path : NULL,
                                         pair->message, sizeof(pair->message));
    if (status != UNECHO_OK)
        return;
    unecho_config_init(&config);
    config.model = model;
    config.message = pair->message;
    config.message_size = sizeof(pair->message);
    pair->good = unecho_open(&stream, &config) == UNECHO_OK;
    if (pair->good)
        snprintf(pair->kernels, sizeof(pair->kernels), "%s", unecho_kernels(stream));
    unecho_close(&stream);
    unecho_model_unref(&model);
}

static void find_pairs(struct findings *f)
{
    for (size_t i = 0; i < f->count; i++) {
        const struct file *a = &f->files[i], *b = &f->files[i + 1 < f->count ? i + 1 : i];
        struct pair *pair = &f->pairs[f->pair_count];
        if (a->good && is_postfilter(a)) {
            pair->stages[0] = a;
            try_pair(pair);
            f->pair_count++;
            continue;
        }
        if (!a->good || !b->good || is_postfilter(b) || a->info.file == b->info.file)
            continue;
        pair->stages[a->info.file - 1] = a;
        pair->stages[b->info.file - 1] = b;
        try_pair(pair);
        f->pair_count++;
        i++;
    }
}

static bool gather(struct findings *f, const inspect_options *options)
{
    /* A prefix names two files, each of which may be a model by itself. */
    f->files = calloc(2 * options->count, sizeof(*f->files));
    f->pairs = calloc(2 * options->count, sizeof(*f->pairs));
    if (!f->files || !f->pairs)
        return report_no_memory();
    for (size_t i = 0; i < options->count; i++)
        if (!add_files(f, options->names[i]))
            return false;
    for (size_t i = 0; i < f->count; i++)
        look_at(&f->files[i]);
    find_pairs(f);
    return true;
}

static void release(struct findings *f)
{
    for (size_t i = 0; f->files && i < f->count; i++)
        free(f->files[i].path);
    free(f->files);
    free(f->pairs);
}

static bool all_good(const struct findings *f)
{
    bool good = true;
    for (size_t i = 0; i < f->count; i++)
        good = good && f->files[i].good;
    for (size_t i = 0; i < f->pair_count; i++)
        good = good && f->pairs[i].good;
    return good;
}

/* ---- Telling ---------------------------------------------------------------------------- */

static bool holds_integers(const struct file *file)
{
    return strstr(file->info.storage, "int8") != NULL;
}

static bool is_onnx(const struct pair *pair)
{
    return pair->stages[1] && strcmp(pair->stages[0]->info.format, "ONNX") == 0 &&
           strcmp(pair->stages[1]->info.format, "ONNX") == 0;
}

static bool is_paired(const struct findings *f, const struct file *file)
{
    for (size_t i = 0; i < f->pair_count; i++)
        if (f->pairs[i].stages[0] == file || f->pairs[i].stages[1] == file)
            return true;
    return false;
}

static void print_file(const struct findings *f, const struct file *file)
{
    const unecho_model_file_info *info = &file->info;
    if (is_postfilter(file))
        printf("%s: a post-filter, %u units\n", file->path, info->units);
    else
        printf("%s: stage %d of DTLN-aec, %u units\n", file->path, info->file, info->units);
    printf("  format     %s, %s %u\n", info->format,
           strcmp(info->format, "ONNX") == 0 ? "opset" : "schema", info->version);
    if (info->producer[0])
        printf("  producer   %s\n", info->producer);
    printf("  weights    %" PRIu64 ", matrices stored as %s; %.2f MB\n", info->parameters,
           info->storage, (double)info->bytes / 1e6);
    const int column = printf("  operators  %u: ", info->operators);
    wrap_print(info->operator_counts, (size_t)column, 13, stdout);
    if (!is_paired(f, file))
        printf("  runs       only with a stage %d of %u units\n", 3 - info->file, info->units);
}

static void print_postfilter(const struct pair *pair)
{
    printf("%s: a complete model\n", pair->stages[0]->path);
    printf("  runs       behind the linear filter, on the native backend in fp32, bf16 and int8%s; "
           "kernels here: %s\n",
           holds_integers(pair->stages[0]) ? " (with the file's own integers)" : "", pair->kernels);
}

static void print_pair(const struct pair *pair)
{
    if (!pair->stages[1]) {
        print_postfilter(pair);
        return;
    }
    const bool integers = holds_integers(pair->stages[0]) || holds_integers(pair->stages[1]);
    printf("%s and %s: a complete model, %" PRIu64 " weights\n", pair->stages[0]->path,
           pair->stages[1]->path,
           pair->stages[0]->info.parameters + pair->stages[1]->info.parameters);
    printf("  runs       on the native backend in fp32, bf16 and int8%s; kernels here: %s\n",
           integers ? " (with the files' own integers)" : "", pair->kernels);
    printf("             %s\n",
           is_onnx(pair) ? "on ONNX Runtime, where installed" : "not on ONNX Runtime: TFLite");
}

static void print(const struct findings *f)
{
    for (size_t i = 0; i < f->count; i++)
        if (f->files[i].good)
            print_file(f, &f->files[i]);
    for (size_t i = 0; i < f->pair_count; i++)
        if (f->pairs[i].good)
            print_pair(&f->pairs[i]);
}

static void print_json_text(const char *key, const char *text)
{
    printf(", \"%s\": ", key);
    json_print_string(text, stdout);
}

static void print_json_file(const struct file *file)
{
    const unecho_model_file_info *info = &file->info;
    fputs("{\"path\": ", stdout);
    json_print_string(file->path, stdout);
    if (!file->good) {
        print_json_text("error", file->message);
    } else {
        printf(", \"stage\": %d, \"units\": %u, \"parameters\": %" PRIu64 ", \"bytes\": %" PRIu64
               ", \"version\": %u, \"operators\": %u",
               info->file, info->units, info->parameters, info->bytes, info->version,
               info->operators);
        print_json_text("format", info->format);
        print_json_text("storage", info->storage);
        print_json_text("producer", info->producer);
        print_json_text("operator_counts", info->operator_counts);
        print_json_text("kind", is_postfilter(file) ? "post-filter" : "DTLN-aec");
    }
    putchar('}');
}

static void print_json_pair(const struct pair *pair)
{
    fputs("{\"stage1\": ", stdout);
    json_print_string(pair->stages[0]->path, stdout);
    if (pair->stages[1])
        print_json_text("stage2", pair->stages[1]->path);
    if (pair->good) {
        print_json_text("kernels", pair->kernels);
        printf(", \"precisions\": [\"fp32\", \"bf16\", \"int8\"], \"onnxruntime\": %s",
               is_onnx(pair) ? "true" : "false");
    } else {
        print_json_text("error", pair->message);
    }
    putchar('}');
}

static void print_json(const struct findings *f)
{
    fputs("{\"files\": [", stdout);
    for (size_t i = 0; i < f->count; i++) {
        fputs(i > 0 ? ", " : "", stdout);
        print_json_file(&f->files[i]);
    }
    fputs("], \"models\": [", stdout);
    for (size_t i = 0; i < f->pair_count; i++) {
        fputs(i > 0 ? ", " : "", stdout);
        print_json_pair(&f->pairs[i]);
    }
    fputs("]}\n", stdout);
}

static void report_refusals(const struct findings *f)
{
    fflush(stdout);
    for (size_t i = 0; i < f->count; i++)
        if (!f->files[i].good)
            report_error("%s", f->files[i].message);
    for (size_t i = 0; i < f->pair_count; i++)
        if (!f->pairs[i].good)
            report_error("%s", f->pairs[i].message);
}

static int run_inspect(const void *opaque)
{
    const inspect_options *options = opaque;
    struct findings findings = {0};
    int code = EXIT_FAILED;
    if (gather(&findings, options)) {
        if (options->json)
            print_json(&findings);
        else
            print(&findings);
        report_refusals(&findings);
        if (report_output_written() && all_good(&findings))
            code = EXIT_DONE;
    }
    release(&findings);
    return code;
}

/* ---- Options ---------------------------------------------------------------------------- */

static const struct option rows[] = {
    {.name = "json",
     .help = "print one JSON object",
     .set = option_on,
     .at = offsetof(inspect_options, json)},
    {.name = NULL},
};

static const struct option_group groups[] = {
    {rows, 0},
    {option_help, 0},
    {NULL, 0},
};

static const inspect_options defaults;

static bool check(void *opaque, const struct arguments *arguments)
{
    inspect_options *options = opaque;
    options->names = arguments->words;
    options->count = arguments->count;
    if (options->count > 0)
        return true;
    report_usage(arguments->command, "no file to inspect");
    return false;
}

const struct command inspect_command = {
    .name = "inspect",
    .summary = "describe model files, and what can run them",
    .usage = "usage: unecho inspect [options] FILE...\n",
    .description = "Describe model files, ONNX or TFLite: which stage of the network each one is, "
                   "its size, precision, producer and operators, or why unecho cannot use it. FILE "
                   "may also be a PREFIX, for PREFIX_1.onnx and PREFIX_2.onnx (or .tflite). For "
                   "two files that form a model, also say what can run it.",
    .notes = "\n"
             "Exit status: 0 unecho can use all of the files, 1 it cannot or something failed,\n"
             "2 invalid command line.\n",
    .groups = groups,
    .defaults = &defaults,
    .size = sizeof(defaults),
    .check = check,
    .run = run_inspect,
};
