#include "batch/lane.h"

#include "batch/content.h"
#include "batch/examine.h"
#include "batch/folder.h"
#include "files/json.h"
#include "files/json_read.h"
#include "interrupt.h"
#include "process/process.h"
#include "progress.h"
#include "report.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of each input that is in memory while its pair is processed; 4 minutes of 16 bits at 16 kHz. */
#define MOST_LOADED (8 << 20)

struct lane {
    const struct batch_run *run;
    struct lane_state *state;
    int fd;
    unsigned number;
    struct loaded_file loaded[2]; /* room for microphone and far end */
    /* All else is of one pair. */
    struct request request;
    process_options options;
    struct process_watch watch;
    struct process_job *job;   /* NULL: not under way */
    struct session_call call;  /* that it waits for */
    double cpu_seconds, since; /* that it has cost, and when its code began to run */
    char *option_line, *option_words[JOURNAL_MEMBERS];
    char *options_text;
    char *out;                           /* the output's path */
    const struct loaded_file *mic, *far; /* NULL: not in memory */
    char mic_hash[CONTENT_TEXT], far_hash[CONTENT_TEXT], out_hash[CONTENT_TEXT];
    bool has_summary;
    int64_t written;
    FILE *line;     /* being written */
    FILE *messages; /* the same, each with a zero at its end */
    char *line_text, *messages_text;
    size_t line_size, messages_size;
};

/* ---- What the pair consists of ---------------------------------------------------------- */

static bool hash_file(char *hash, const char *path)
{
    if (content_hash_file(hash, path))
        return true;
    report_error("%s: %s", path, strerror(errno));
    return false;
}

/* Before it is opened: to open a pipe waits for its writer. */
static bool check_is_file(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        report_error("%s: %s", path, strerror(errno));
        return false;
    }
    if (!S_ISREG(status.st_mode)) {
        report_error("%s: is not a regular file", path);
        return false;
    }
    return true;
}

/* Into memory unless it is too long for it. */
static bool hash_input(char *hash, const char *path, struct loaded_file *room,
                       const struct loaded_file **loaded)
{
    if (!check_is_file(path))
        return false;
    if (!content_load_file(hash, room, path, MOST_LOADED))
        return hash_file(hash, path);
    *loaded = room;
    return true;
}

/* Those of the command line, then those of this pair. */
static bool parse_options(struct lane *lane)
{
    struct arguments arguments = {.command = "batch", .words = lane->option_words};
    lane->options = lane->run->options->process;
    if (lane->request.pair.options) {
        lane->option_line = strdup(lane->request.pair.options);
        if (!lane->option_line || json_read_strings(lane->option_line, lane->option_words,
                                                    JOURNAL_MEMBERS, &arguments.count) != NULL) {
            report_error("%s: too many options", lane->request.pair.mic);
            return false;
        }
    }
    if (options_parse(batch_pair_groups, &lane->options, &arguments) != OPTIONS_GO)
        return false;
    if (arguments.count > 0) {
        report_error("'%s' is no option of a pair", arguments.words[0]);
        return false;
    }
    if (!batch_options_settle(&lane->options, lane->request.pair.mic, lane->request.pair.far,
                              lane->out))
        return false;
    lane->options.ends.mic.loaded = lane->mic;
    lane->options.ends.far.loaded = lane->far;
    return true;
}

static bool write_options(struct lane *lane)
{
    size_t size;
    FILE *stream = open_memstream(&lane->options_text, &size);
    if (!stream)
        return false;
    fputs(lane->run->options_text, stream);
    if (lane->request.pair.options)
        fprintf(stream, " %s", lane->request.pair.options);
    return fclose(stream) == 0;
}

static bool prepare(struct lane *lane)
{
    lane->out = lane->request.pair.out[0] == '/'
                    ? strdup(lane->request.pair.out)
                    : folder_join(lane->run->options->folder, lane->request.pair.out);
    if (!lane->out || !write_options(lane))
        return report_no_memory();
    return hash_input(lane->mic_hash, lane->request.pair.mic, &lane->loaded[0], &lane->mic) &&
           (!lane->request.pair.far ||
            hash_input(lane->far_hash, lane->request.pair.far, &lane->loaded[1], &lane->far));
}

/* ---- What was done before --------------------------------------------------------------- */

struct earlier {
    char *line, *copy;
    struct json_member members[JOURNAL_MEMBERS];
    size_t count;
};

static bool says(const struct earlier *e, const char *key, const char *text)
{
    const char *said = json_find_text(e->members, e->count, key);
    return strcmp(said ? said : "", text) == 0;
}

static void write_model(char text[24], const struct batch_run *run)
{
    snprintf(text, 24, "%016" PRIx64, run->model_hash);
}

static bool is_unchanged(const struct earlier *e, struct lane *lane)
{
    char model[24];
    write_model(model, lane->run);
    return says(e, "status", "done") && says(e, "mic_hash", lane->mic_hash) &&
           says(e, "far_hash", lane->far_hash) && says(e, "options", lane->options_text) &&
           says(e, "version", unecho_version()) && says(e, "model", model) &&
           content_hash_file(lane->out_hash, lane->out) && says(e, "out_hash", lane->out_hash);
}

static bool find_earlier(struct earlier *e, const struct lane *lane)
{
    e->line = journal_line(lane->run->journal, lane->request.pair.out);
    e->copy = e->line ? strdup(e->line) : NULL;
    return e->copy && json_read_object(e->copy, e->members, JOURNAL_MEMBERS, &e->count) == NULL;
}

/* A file that is there and that no run has made. */
static bool is_foreign(const struct lane *lane)
{
    struct stat status;
    return journal_state(lane->run->journal, lane->request.pair.out) == JOURNAL_UNKNOWN &&
           lstat(lane->out, &status) == 0;
}

/* ---- Processing ------------------------------------------------------------------------- */

static void show_share(void *user, const float *samples, size_t n, int64_t length)
{
    struct lane *lane = user;
    (void)samples;
    lane->written += (int64_t)n;
    if (length > 0)
        lane->state->share = (float)((double)lane->written / (double)length);
}

/* While its code runs. */
static double cpu_seconds(void *user)
{
    const struct lane *lane = user;
    return lane->cpu_seconds + progress_cpu_now() - lane->since;
}

static void put(FILE *stream, const char *key, const char *text)
{
    fprintf(stream, "\"%s\": ", key);
    json_print_string(text, stream);
    fputs(", ", stream);
}

static void take_summary(void *user, const struct summary *summary)
{
    struct lane *lane = user;
    lane->has_summary = true;
    summary_print_members(summary, lane->line);
    fputs(", ", lane->line);
}

static void put_path(FILE *stream, const char *key, const char *path)
{
    char *whole = path ? folder_absolute(path) : NULL;
    if (path)
        put(stream, key, whole ? whole : path);
    free(whole);
}

/* The members that do not depend on the outcome. */
static void begin_line(struct lane *lane)
{
    char model[24];
    write_model(model, lane->run);
    fprintf(lane->line, "{\"time\": %.3f, ", journal_now());
    put(lane->line, "out", lane->request.pair.out);
    put_path(lane->line, "mic", lane->request.pair.mic);
    put_path(lane->line, "far", lane->request.pair.far);
    put(lane->line, "mic_hash", lane->mic_hash);
    put(lane->line, "far_hash", lane->far_hash);
    put(lane->line, "options", lane->options_text ? lane->options_text : "");
    put(lane->line, "version", unecho_version());
    put(lane->line, "model", model);
}

static bool uses_run_model(const struct lane *lane)
{
    const process_options *base = &lane->run->options->process;
    return lane->run->model && lane->options.model.prefix == base->model.prefix &&
           lane->options.model.stages[0] == base->model.stages[0] &&
           engine_choice_builtin(&lane->options.session.engine) ==
               engine_choice_builtin(&base->session.engine);
}

static bool begin_job(struct lane *lane)
{
    lane->watch = (struct process_watch){.user = lane,
                                         .model = uses_run_model(lane) ? lane->run->model : NULL,
                                         .output = show_share,
                                         .done = take_summary,
                                         .cpu_seconds = cpu_seconds};
    lane->job = process_begin(&lane->options, &lane->watch);
    return lane->job != NULL;
}

/* An earlier output goes as late as possible: it is replaced when the new one is complete. */
static bool begin(struct lane *lane)
{
    if (is_foreign(lane)) {
        report_error("%s: exists, and 'unecho batch' did not write it: remove it, or choose "
                     "another folder for the outputs",
                     lane->out);
        return false;
    }
    if (!parse_options(lane) || !folder_make_for(lane->out) ||
        !journal_begin(lane->run->journal, lane->request.pair.out))
        return false;
    lane->state->begun = true;
    return begin_job(lane);
}

/* ---- Examining -------------------------------------------------------------------------- */

static float figure(const struct earlier *e, const char *key)
{
    const struct json_member *member = json_find(e->members, e->count, key);
    return member && member->type == JSON_NUMBER ? (float)member->number : NAN;
}

/* The statistics that doctor judges, from the line that will hold them. */
static unecho_stats read_stats(const struct earlier *e)
{
    unecho_stats stats = {.size = sizeof(stats)};
    stats.far_active_seconds = figure(e, "far_active_seconds");
    stats.erle_db = figure(e, "erle_db");
    stats.linear_erle_db = figure(e, "linear_erle_db");
    stats.delay_ms = figure(e, "delay_ms");
    stats.drift_ppm = figure(e, "drift_ppm");
    stats.confidence = figure(e, "confidence");
    stats.aligned = !isnan(stats.delay_ms);
    return stats;
}

/* The one that says why. */
static const char *last_message(const char *messages, size_t size)
{
    const char *last = "";
    for (size_t at = 0; at < size; at += strlen(last) + 1)
        last = messages + at;
    return last;
}

/* Appends to the line what doctor says, except its end. */
static void examine(struct lane *lane, const struct earlier *e)
{
    const unecho_stats stats = read_stats(e);
    unecho_model *model = lane->run->model;
    unecho_model *builtin = NULL;
    char *text = NULL, *said = NULL;
    size_t size, said_size;
    FILE *members = open_memstream(&text, &size), *notes = open_memstream(&said, &said_size);
    bool done = false;
    /* What can be said about the files has been said. */
    if (notes)
        report_to(notes);
    if (!model && unecho_model_builtin(&builtin, UNECHO_MODEL_POSTFILTER, NULL, 0) == UNECHO_OK)
        model = builtin;
    if (members)
        done = examine_pair(members, &lane->options.ends, lane->out, &stats, model);
    if (members && fclose(members) == 0 && done)
        fprintf(lane->line, ", %s", text);
    report_to(lane->messages);
    if (notes && fclose(notes) == 0 && !done)
        report_warning("%s: could not be examined: %s", lane->request.pair.mic,
                       last_message(said, said_size));
    unecho_model_unref(&builtin);
    free(text);
    free(said);
}

/* ---- The answer ------------------------------------------------------------------------- */

static void answer(const struct lane *lane, char kind, const char *line, size_t length)
{
    const struct answer answer = {
        .lane = lane->number, .kind = kind, .line = line, .length = length};
    if (!answer_send(lane->fd, &answer))
        interrupt_end();
}

static void write_messages(struct lane *lane)
{
    fflush(lane->messages);
    fputs(", \"messages\": [", lane->line);
    for (size_t at = 0; at < lane->messages_size; at += strlen(lane->messages_text + at) + 1) {
        if (at > 0)
            fputs(", ", lane->line);
        json_print_string(lane->messages_text + at, lane->line);
    }
    fputs("]}\n", lane->line);
}

/* As if the pair had been examined when it was processed. */
static void examine_later(struct lane *lane, struct earlier *e)
{
    const char *rest = strchr(e->line, ',');
    const size_t length = strlen(rest) - strlen("}\n");
    if (!parse_options(lane)) {
        answer(lane, ANSWER_UNCHANGED, e->line, strlen(e->line));
        return;
    }
    fprintf(lane->line, "{\"time\": %.3f%.*s", journal_now(), (int)length, rest);
    examine(lane, e);
    fputs("}\n", lane->line);
    fflush(lane->line);
    answer(lane, ANSWER_NEW, lane->line_text, lane->line_size);
}

static void examine_now(struct lane *lane)
{
    struct earlier self = {.copy = malloc(lane->line_size + 2)};
    if (self.copy) {
        strcat(strcpy(self.copy, lane->line_text), "}");
        (void)!json_read_object(self.copy, self.members, JOURNAL_MEMBERS, &self.count);
        examine(lane, &self);
    }
    free(self.copy);
}

static void answer_new(struct lane *lane, bool done)
{
    if (done)
        put(lane->line, "out_hash", lane->out_hash);
    fprintf(lane->line, "\"status\": \"%s\"", done ? "done" : "failed");
    fflush(lane->line);
    if (done && lane->run->options->examine)
        examine_now(lane);
    write_messages(lane);
    fflush(lane->line);
    answer(lane, ANSWER_NEW, lane->line_text, lane->line_size);
}

/* ---- From the request to the answer ----------------------------------------------------- */

/* Until the pair waits for a call, or is answered. */
static void advance(struct lane *lane)
{
    bool done;
    if (process_next(lane->job, &lane->call))
        return;
    done = process_end(lane->job) == EXIT_DONE && lane->has_summary &&
           hash_file(lane->out_hash, lane->out);
    lane->job = NULL;
    answer_new(lane, done);
}

static void begin_or_answer(struct lane *lane)
{
    struct earlier e = {0};
    const bool prepared = prepare(lane);
    if (!prepared || !find_earlier(&e, lane) || !is_unchanged(&e, lane)) {
        begin_line(lane);
        if (prepared && begin(lane))
            advance(lane);
        else
            answer_new(lane, false);
    } else if (lane->run->options->examine && !json_find(e.members, e.count, "verdict")) {
        examine_later(lane, &e);
    } else {
        answer(lane, ANSWER_UNCHANGED, e.line, strlen(e.line));
    }
    free(e.line);
    free(e.copy);
}

static void forget_pair(struct lane *lane)
{
    fclose(lane->line);
    fclose(lane->messages);
    free(lane->line_text);
    free(lane->messages_text);
    free(lane->option_line);
    free(lane->options_text);
    free(lane->out);
    request_free(&lane->request);
}

/* Messages and CPU time are this pair's from here on. */
static void enter(struct lane *lane)
{
    report_to(lane->messages);
    lane->since = progress_cpu_now();
}

static void leave(struct lane *lane)
{
    report_to(NULL);
    lane->cpu_seconds = cpu_seconds(lane);
    if (!lane->job)
        forget_pair(lane);
}

struct lane *lane_open(const struct batch_run *run, struct lane_state *state, int fd,
                       unsigned number)
{
    struct lane *lane = calloc(1, sizeof(*lane));
    if (lane) {
        lane->run = run;
        lane->state = state;
        lane->fd = fd;
        lane->number = number;
    }
    return lane;
}

void lane_begin(struct lane *lane, const struct request *request)
{
    *lane = (struct lane){.run = lane->run,
                          .state = lane->state,
                          .fd = lane->fd,
                          .number = lane->number,
                          .loaded = {lane->loaded[0], lane->loaded[1]},
                          .request = *request};
    lane->line = open_memstream(&lane->line_text, &lane->line_size);
    lane->messages = open_memstream(&lane->messages_text, &lane->messages_size);
    if (!lane->line || !lane->messages)
        _exit(EXIT_FAILED);
    enter(lane);
    begin_or_answer(lane);
    leave(lane);
}

const struct session_call *lane_call(const struct lane *lane)
{
    return lane->job ? &lane->call : NULL;
}

void lane_go_on(struct lane *lane, int status, double cpu_seconds_of_call)
{
    lane->cpu_seconds += cpu_seconds_of_call;
    enter(lane);
    process_take(lane->job, status);
    advance(lane);
    leave(lane);
}
