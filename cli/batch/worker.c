#include "batch/worker.h"

#include "batch/content.h"
#include "batch/examine.h"
#include "batch/folder.h"
#include "files/json.h"
#include "files/json_read.h"
#include "interrupt.h"
#include "process/process.h"
#include "report.h"
#include "transfer.h"

#include <errno.h>
#include <inttypes.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Bytes that a process keeps for its next pair. */
#define MOST_KEPT (32 << 20)
/* Of each input that is in memory while its pair is processed; 8 minutes of 16 bits at 16 kHz. */
#define MOST_LOADED (16 << 20)
/* Of output, between looks for the parent: tens of milliseconds. */
#define LOOK_SAMPLES 131072

struct work {
    const struct batch_run *run;
    const struct batch_pair *pair;
    struct loaded_file *loaded; /* [2] room for microphone and far end */
    volatile float *share;
    pid_t parent;
    process_options options;
    char *option_line, *option_words[JOURNAL_MEMBERS]; /* of this pair */
    char *options_text;
    char *out;                           /* the output's path */
    const struct loaded_file *mic, *far; /* NULL: not in memory */
    char mic_hash[CONTENT_TEXT], far_hash[CONTENT_TEXT], out_hash[CONTENT_TEXT];
    bool has_summary;
    int64_t written;
    FILE *line;     /* being written */
    FILE *messages; /* the same, in lines */
    char *line_text, *messages_text;
    size_t line_size, messages_size;
};

/* ---- What the pair consists of ---------------------------------------------------------- */

static bool hash_file(char *hash, const char *path)
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
    if (content_hash_file(hash, path))
        return true;
    report_error("%s: %s", path, strerror(errno));
    return false;
}

/* Into memory unless it is too long for it. */
static bool hash_input(char *hash, const char *path, struct loaded_file *room,
                       const struct loaded_file **loaded)
{
    if (!content_load_file(hash, room, path, MOST_LOADED))
        return hash_file(hash, path);
    *loaded = room;
    return true;
}

/* Those of the command line, then those of this pair. */
static bool parse_options(struct work *w)
{
    struct arguments arguments = {.command = "batch", .words = w->option_words};
    w->options = w->run->options->process;
    if (w->pair->options) {
        w->option_line = strdup(w->pair->options);
        if (!w->option_line || json_read_strings(w->option_line, w->option_words, JOURNAL_MEMBERS,
                                                 &arguments.count) != NULL) {
            report_error("%s: too many options", w->pair->mic);
            return false;
        }
    }
    if (options_parse(batch_pair_groups, &w->options, &arguments) != OPTIONS_GO)
        return false;
    if (arguments.count > 0) {
        report_error("'%s' is no option of a pair", arguments.words[0]);
        return false;
    }
    if (!batch_options_settle(&w->options, w->pair->mic, w->pair->far, w->out))
        return false;
    w->options.ends.mic.loaded = w->mic;
    w->options.ends.far.loaded = w->far;
    return true;
}

static bool write_options(struct work *w)
{
    size_t size;
    FILE *stream = open_memstream(&w->options_text, &size);
    if (!stream)
        return false;
    fputs(w->run->options_text, stream);
    if (w->pair->options)
        fprintf(stream, " %s", w->pair->options);
    return fclose(stream) == 0;
}

static bool prepare(struct work *w)
{
    w->out = w->pair->out[0] == '/' ? strdup(w->pair->out)
                                    : folder_join(w->run->options->folder, w->pair->out);
    if (!w->out || !write_options(w)) {
        report_error("out of memory");
        return false;
    }
    return hash_input(w->mic_hash, w->pair->mic, &w->loaded[0], &w->mic) &&
           (!w->pair->far || hash_input(w->far_hash, w->pair->far, &w->loaded[1], &w->far));
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

static bool is_unchanged(const struct earlier *e, struct work *w)
{
    char model[24];
    write_model(model, w->run);
    return says(e, "status", "done") && says(e, "mic_hash", w->mic_hash) &&
           says(e, "far_hash", w->far_hash) && says(e, "options", w->options_text) &&
           says(e, "version", unecho_version()) && says(e, "model", model) &&
           content_hash_file(w->out_hash, w->out) && says(e, "out_hash", w->out_hash);
}

static bool find_earlier(struct earlier *e, const struct work *w)
{
    e->line = journal_line(w->run->journal, w->pair->out);
    e->copy = e->line ? strdup(e->line) : NULL;
    return e->copy && json_read_object(e->copy, e->members, JOURNAL_MEMBERS, &e->count) == NULL;
}

/* A file that is there and that no run has made. */
static bool is_foreign(const struct work *w)
{
    struct stat status;
    return journal_state(w->run->journal, w->pair->out) == JOURNAL_UNKNOWN &&
           lstat(w->out, &status) == 0;
}

/* ---- Processing ------------------------------------------------------------------------- */

/* Also notices now and then that nobody waits for the result any more. */
static void show_share(void *user, const float *samples, size_t n, int64_t length)
{
    struct work *w = user;
    const int64_t before = w->written;
    (void)samples;
    w->written += (int64_t)n;
    if (length > 0)
        *w->share = (float)((double)w->written / (double)length);
    if (before / LOOK_SAMPLES != w->written / LOOK_SAMPLES && getppid() != w->parent)
        interrupt_end();
}

static void put(FILE *stream, const char *key, const char *text)
{
    fprintf(stream, "\"%s\": ", key);
    json_print_string(text, stream);
    fputs(", ", stream);
}

static void take_summary(void *user, const struct summary *summary)
{
    struct work *w = user;
    w->has_summary = true;
    summary_print_members(summary, w->line);
    fputs(", ", w->line);
}

static void put_path(FILE *stream, const char *key, const char *path)
{
    char *whole = path ? realpath(path, NULL) : NULL;
    if (path)
        put(stream, key, whole ? whole : path);
    free(whole);
}

/* The members that do not depend on the outcome. */
static void begin_line(struct work *w)
{
    char model[24];
    write_model(model, w->run);
    fprintf(w->line, "{\"time\": %.3f, ", journal_now());
    put(w->line, "out", w->pair->out);
    put_path(w->line, "mic", w->pair->mic);
    put_path(w->line, "far", w->pair->far);
    put(w->line, "mic_hash", w->mic_hash);
    put(w->line, "far_hash", w->far_hash);
    put(w->line, "options", w->options_text ? w->options_text : "");
    put(w->line, "version", unecho_version());
    put(w->line, "model", model);
}

static bool uses_run_model(const struct work *w)
{
    const process_options *base = &w->run->options->process;
    return w->run->model && w->options.model.prefix == base->model.prefix &&
           w->options.model.stages[0] == base->model.stages[0] &&
           engine_choice_builtin(&w->options.session.engine) ==
               engine_choice_builtin(&base->session.engine);
}

/* An earlier output goes as late as possible: it is replaced when the new one is complete. */
static bool process(struct work *w)
{
    const struct process_watch watch = {.user = w,
                                        .model = uses_run_model(w) ? w->run->model : NULL,
                                        .output = show_share,
                                        .done = take_summary};
    if (is_foreign(w)) {
        report_error("%s: exists, and 'unecho batch' did not write it: remove it, or choose "
                     "another folder for the outputs",
                     w->out);
        return false;
    }
    return parse_options(w) && folder_make_for(w->out) &&
           journal_begin(w->run->journal, w->pair->out) &&
           process_run(&w->options, &watch) == EXIT_DONE && w->has_summary &&
           hash_file(w->out_hash, w->out);
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

/* Appends to the line what doctor says, except its end. */
static void examine(struct work *w, const struct earlier *e)
{
    const unecho_stats stats = read_stats(e);
    unecho_model *model = w->run->model;
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
        done = examine_pair(members, &w->options.ends, w->out, &stats, model);
    if (members && fclose(members) == 0 && done)
        fprintf(w->line, ", %s", text);
    report_to(w->messages);
    if (notes && fclose(notes) == 0 && !done)
        report_warning("%s: could not be examined: %s", w->pair->mic, said);
    unecho_model_unref(&builtin);
    free(text);
    free(said);
}

/* ---- The answer ------------------------------------------------------------------------- */

static void answer(int fd, char kind, const char *line, size_t size)
{
    if (!write_all(fd, &kind, 1) || !write_all(fd, line, size))
        _exit(EXIT_FAILED);
}

static void write_messages(struct work *w)
{
    const char *line;
    fflush(w->messages);
    fputs(", \"messages\": [", w->line);
    line = strtok(w->messages_text, "\n");
    for (bool first = true; line; line = strtok(NULL, "\n"), first = false) {
        if (!first)
            fputs(", ", w->line);
        json_print_string(line, w->line);
    }
    fputs("]}\n", w->line);
}

/* As if the pair had been examined when it was processed. */
static void examine_later(struct work *w, struct earlier *e, int fd)
{
    const char *rest = strchr(e->line, ',');
    const size_t length = strlen(rest) - strlen("}\n");
    if (!parse_options(w)) {
        answer(fd, WORKER_UNCHANGED, e->line, strlen(e->line));
        return;
    }
    fprintf(w->line, "{\"time\": %.3f%.*s", journal_now(), (int)length, rest);
    examine(w, e);
    fputs("}\n", w->line);
    fflush(w->line);
    answer(fd, WORKER_NEW, w->line_text, w->line_size);
}

static void process_and_answer(struct work *w, int fd)
{
    struct earlier self = {0};
    bool done;
    begin_line(w);
    done = process(w);
    if (done)
        put(w->line, "out_hash", w->out_hash);
    fprintf(w->line, "\"status\": \"%s\"", done ? "done" : "failed");
    fflush(w->line);
    if (done && w->run->options->examine) {
        self.copy = malloc(w->line_size + 2);
        if (self.copy) {
            strcat(strcpy(self.copy, w->line_text), "}");
            (void)!json_read_object(self.copy, self.members, JOURNAL_MEMBERS, &self.count);
            examine(w, &self);
        }
        free(self.copy);
    }
    write_messages(w);
    fflush(w->line);
    answer(fd, WORKER_NEW, w->line_text, w->line_size);
}

static void process_unless_done(struct work *w, struct earlier *e, int fd)
{
    if (!prepare(w)) {
        begin_line(w);
        fputs("\"status\": \"failed\"", w->line);
        write_messages(w);
        fflush(w->line);
        answer(fd, WORKER_NEW, w->line_text, w->line_size);
    } else if (!find_earlier(e, w) || !is_unchanged(e, w)) {
        process_and_answer(w, fd);
    } else if (w->run->options->examine && !json_find(e->members, e->count, "verdict")) {
        examine_later(w, e, fd);
    } else {
        answer(fd, WORKER_UNCHANGED, e->line, strlen(e->line));
    }
}

static void run_pair(const struct batch_run *run, const struct batch_pair *pair,
                     struct loaded_file loaded[2], volatile float *share, int fd)
{
    static struct work w;
    static struct earlier e;
    w = (struct work){
        .run = run, .pair = pair, .loaded = loaded, .share = share, .parent = getppid()};
    e = (struct earlier){0};
    w.line = open_memstream(&w.line_text, &w.line_size);
    w.messages = open_memstream(&w.messages_text, &w.messages_size);
    if (!w.line || !w.messages)
        _exit(EXIT_FAILED);
    report_to(w.messages);
    process_unless_done(&w, &e, fd);
    report_to(stderr);
    fclose(w.line);
    fclose(w.messages);
    free(w.line_text);
    free(w.messages_text);
    free(w.option_line);
    free(w.options_text);
    free(w.out);
    free(e.line);
    free(e.copy);
}

/* ---- The pairs that come ---------------------------------------------------------------- */

/* What a request consists of; each text ends in a zero, and of those that may be missing a letter
 * before it tells whether it is there. */
enum { IS_THERE = '+', IS_MISSING = '-' };

static void put_text(FILE *stream, const char *text)
{
    fputc(text ? IS_THERE : IS_MISSING, stream);
    fputs(text ? text : "", stream);
    fputc('\0', stream);
}

bool batch_worker_ask(int fd, const struct batch_pair *pair)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    bool done = false;
    if (stream) {
        put_text(stream, pair->mic);
        put_text(stream, pair->far);
        put_text(stream, pair->out);
        put_text(stream, pair->options);
        done =
            fclose(stream) == 0 && write_all(fd, &size, sizeof(size)) && write_all(fd, text, size);
    }
    free(text);
    return done;
}

static const char *next_text(const char **at)
{
    const char *const text = *at;
    *at += strlen(text) + 1;
    return *text == IS_THERE ? text + 1 : NULL;
}

/* What a pair has freed is the next one's: fresh memory from the system takes longer than some of
 * what is done in it. */
static void keep_memory(void)
{
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, MOST_KEPT);
    mallopt(M_TRIM_THRESHOLD, MOST_KEPT);
#endif
}

noreturn void batch_worker_run(const struct batch_run *run, volatile float *share, int fd)
{
    struct loaded_file loaded[2] = {0};
    size_t size;
    interrupt_become_child();
    keep_memory();
    while (read_all(fd, &size, sizeof(size))) {
        char *const text = malloc(size);
        const char *at = text;
        struct batch_pair pair = {0};
        if (!text || !read_all(fd, text, size))
            break;
        pair.mic = next_text(&at);
        pair.far = next_text(&at);
        pair.out = next_text(&at);
        pair.options = next_text(&at);
        run_pair(run, &pair, loaded, share, fd);
        free(text);
    }
    for (size_t i = 0; i < 2; i++)
        loaded_file_free(&loaded[i]);
    _exit(EXIT_DONE);
}
