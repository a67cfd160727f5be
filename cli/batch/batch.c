/* unecho batch: from the inputs to the plan, the pool, and what is said at the end. */
#include "batch/batch_options.h"
#include "batch/board.h"
#include "batch/cpus.h"
#include "batch/gather.h"
#include "batch/journal.h"
#include "batch/manifest.h"
#include "batch/page.h"
#include "batch/pool.h"
#include "files/format.h"
#include "files/json_read.h"
#include "interrupt.h"
#include "model_choice.h"
#include "progress.h"
#include "report.h"

#include "unecho_model.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct job {
    const batch_options *options;
    struct shard shard;
    struct plan plan;
    struct gathered gathered;
    struct journal journal;
    struct batch_run run;
    struct board board;
    output_file page;
};

/* ---- Before ----------------------------------------------------------------------------- */

static bool make_folder(const char *path, struct stat *status)
{
    const bool done = (mkdir(path, 0777) == 0 || errno == EEXIST) && stat(path, status) == 0;
    if (done && S_ISDIR(status->st_mode))
        return true;
    report_error("%s: %s", path, done ? "is not a folder" : strerror(errno));
    return false;
}

static bool inspect_page(struct job *job)
{
    const char *name = job->options->report;
    if (!name)
        return true;
    if (!output_inspect(&job->page, name))
        return false;
    if (job->page.kind == OUTPUT_REPLACED)
        return true;
    report_error("%s: is not a regular file; --report needs one", name);
    return false;
}

static bool gather(struct job *job, const struct stat *folder)
{
    const struct shard *shard = &job->shard;
    const struct arguments *inputs = job->options->arguments;
    const bool is_manifest = inputs->count == 1 && manifest_is(inputs->words[0]);
    if (!plan_open(&job->plan, &job->shard) ||
        !gather_pairs(&job->gathered, job->options, folder, &job->plan))
        return false;
    if (interrupted()) {
        report_error("interrupted");
        return false;
    }
    if (shard->from)
        report_note("shard %u of %u, from %s", shard->index, shard->count, shard->from);
    if (job->plan.all > 0)
        return plan_complete(&job->plan);
    if (is_manifest)
        report_error("%s: names no pair", inputs->words[0]);
    else if (job->gathered.sounds == 0)
        report_error("no file in the inputs has an ending of sound (%s) or video; for headerless "
                     ".raw and .pcm give --raw",
                     format_known_endings());
    else
        report_error("there are no pairs in the inputs: names such as a_mic.wav and a_far.wav "
                     "belong together, --pair says which others do; or give a manifest");
    return false;
}

/* The model, and a stream that packs its weights once for all processes. */
static bool load_model(struct job *job)
{
    const process_options *process = &job->options->process;
    const engine_choice *engine = &process->session.engine;
    unecho_model_info info = {.size = sizeof(info)};
    unecho_config config;
    if (engine->engine == UNECHO_ENGINE_LINEAR)
        return true;
    job->run.model = model_choice_load(&process->model, engine_choice_builtin(engine));
    if (!job->run.model)
        return false;
    if (unecho_model_get_info(job->run.model, &info) == UNECHO_OK)
        job->run.model_hash = info.hash;
    /* ONNX Runtime starts threads, which do not survive in other processes. */
    if (engine->backend != UNECHO_BACKEND_NATIVE)
        return true;
    unecho_config_init(&config);
    config.model = job->run.model;
    job->run.stream = engine_choice_open(engine, &config);
    return job->run.stream != NULL;
}

static bool prepare(struct job *job)
{
    const batch_options *options = job->options;
    struct stat folder;
    job->run.options = options;
    job->run.journal = &job->journal;
    job->run.options_text = batch_options_text(options);
    if (!job->run.options_text)
        return report_no_memory();
    return shard_choose(&job->shard, options->shard) && make_folder(options->folder, &folder) &&
           inspect_page(job) && load_model(job) && gather(job, &folder) &&
           journal_open(&job->journal, options->folder, &job->shard, true);
}

/* ---- After ------------------------------------------------------------------------------ */

struct sum {
    size_t done, warned, unfit, failed;
    double seconds;
    bool json, list;
};

/* The names as they are, which a program may read, unless a terminal would heed what is in them. */
static void list_failed(const struct sum *sum, const char *mic)
{
    char *name = strdup(mic);
    if (name && isatty(STDERR_FILENO) == 1)
        report_make_plain(name);
    fprintf(stderr, "%s%s\n", sum->failed == 1 ? "failed:\n  " : "  ", name ? name : mic);
    free(name);
}

static bool add_line(void *user, char *line, size_t length)
{
    struct sum *sum = user;
    struct json_member members[JOURNAL_MEMBERS];
    const struct json_member *seconds, *messages, *unfit;
    const char *status, *mic;
    size_t count = 0;
    if (sum->json)
        fwrite(line, 1, length, stdout);
    if (json_read_object(line, members, JOURNAL_MEMBERS, &count) != NULL)
        return true;
    status = json_find_text(members, count, "status");
    mic = json_find_text(members, count, "mic");
    seconds = json_find(members, count, "seconds");
    messages = json_find(members, count, "messages");
    unfit = json_find(members, count, "unfit");
    if (status && strcmp(status, "done") == 0) {
        sum->done++;
        sum->warned += messages && messages->type == JSON_NESTED &&
                       strstr(messages->text, "\"warning: ") != NULL;
        sum->unfit += unfit && unfit->type == JSON_TRUE;
        sum->seconds += seconds ? seconds->number : 0.0;
        return true;
    }
    sum->failed++;
    if (sum->list)
        list_failed(sum, mic ? mic : "?");
    return true;
}

/* Each of them has a note, which only its line shows: of thousands nobody would read them. */
static void note_unfit(size_t count)
{
    if (count)
        report_note("%zu pair%s with recordings that are silent, swapped, the same or unrelated: "
                    "\"unfit\" in the journal, where their messages say more; so does --report",
                    count, count == 1 ? "" : "s");
}

static bool write_page(struct job *job, bool all, const char *folder)
{
    if (!job->options->report || !page_write(&job->page, &job->journal, all, folder))
        return !job->options->report;
    report_note("report: %s", job->options->report);
    return true;
}

static void print_summary(const struct job *job)
{
    const struct board *b = &job->board;
    const double elapsed = progress_now() - b->start;
    char audio[40], time[40];
    board_write_time(audio, sizeof(audio), b->seconds);
    board_write_time(time, sizeof(time), elapsed);
    printf("%s: %zu done", job->options->folder, b->done);
    if (b->done)
        printf(" (%s of audio in %s, %.0f x real time)", audio, time, b->seconds / elapsed);
    if (b->unchanged)
        printf(", %zu unchanged", b->unchanged);
    if (b->warned)
        printf(", %zu with warnings", b->warned);
    printf(", %zu failed", b->failed);
    if (job->gathered.alone)
        printf(", %zu file%s left out", job->gathered.alone, job->gathered.alone == 1 ? "" : "s");
    if (job->plan.elsewhere)
        printf("; %zu in other shards", job->plan.elsewhere);
    putchar('\n');
}

/* The failures again, together, where nothing else has come between. */
static bool finish(struct job *job)
{
    const struct board *b = &job->board;
    const size_t left = job->plan.count - b->done - b->unchanged - b->failed;
    struct sum sum = {.list = true};
    bool done = write_page(job, false, job->options->folder);
    note_unfit(b->unfit);
    if (b->failed && !journal_visit(&job->journal, false, add_line, &sum))
        done = false;
    if (b->unrecorded)
        fprintf(stderr, "%s  %zu%s, whose output is that of another pair: see above\n",
                sum.failed ? "" : "failed:\n", b->unrecorded, sum.failed ? " more" : "");
    if (!job->options->quiet && !job->options->json)
        print_summary(job);
    if (left)
        report_warning("%s: %zu of %zu pairs are left: run the same command again to go on",
                       interrupted() ? "interrupted" : "stopped", left, job->plan.count);
    return report_output_written() && done && b->failed == 0 && left == 0 && job->gathered.complete;
}

static bool run_pairs(struct job *job)
{
    const batch_options *options = job->options;
    bool done;
    if (!prepare(job))
        return false;
    board_start(&job->board, &job->plan, options->quiet);
    done =
        pool_run(&job->run, &job->plan, &job->board, options->jobs ? options->jobs : cpus_usable());
    return finish(job) && done;
}

/* ---- Merging ---------------------------------------------------------------------------- */

static bool merge(struct job *job)
{
    const batch_options *options = job->options;
    struct sum sum = {.json = options->json, .list = true};
    char audio[40], warned[48] = "";
    if (!inspect_page(job) || !journal_open(&job->journal, options->merge, NULL, false) ||
        !journal_visit(&job->journal, true, add_line, &sum))
        return false;
    if (sum.done + sum.failed == 0) {
        report_error("%s: there is no journal of 'unecho batch' with pairs", options->merge);
        return false;
    }
    if (!write_page(job, true, options->merge))
        return false;
    note_unfit(sum.unfit);
    board_write_time(audio, sizeof(audio), sum.seconds);
    if (sum.warned)
        snprintf(warned, sizeof(warned), ", %zu with warnings", sum.warned);
    if (!options->quiet && !options->json)
        printf("%s: %zu done (%s of audio)%s, %zu failed, in %zu journal%s\n", options->merge,
               sum.done, audio, warned, sum.failed, job->journal.file_count,
               job->journal.file_count == 1 ? "" : "s");
    return report_output_written() && sum.failed == 0;
}

/* ---- The command ------------------------------------------------------------------------ */

static int run_batch(const void *options)
{
    struct job *job = calloc(1, sizeof(*job));
    bool done;
    if (!job) {
        report_no_memory();
        return EXIT_FAILED;
    }
    interrupt_install();
    job->options = options;
    job->page.fd = -1;
    done = job->options->merge ? merge(job) : run_pairs(job);
    output_release(&job->page);
    journal_close(&job->journal);
    plan_close(&job->plan);
    unecho_close(&job->run.stream);
    unecho_model_unref(&job->run.model);
    free(job->run.options_text);
    free(job);
    return done ? EXIT_DONE : EXIT_FAILED;
}

const struct command batch_command = {
    .name = "batch",
    .summary = "cancel the echo in folders of recordings, on many CPUs or machines",
    .usage = batch_usage,
    .description = batch_description,
    .notes = batch_notes,
    .groups = batch_groups,
    .defaults = &batch_defaults,
    .size = sizeof(batch_defaults),
    .check = batch_options_check,
    .run = run_batch,
};
