#include "batch/batch_options.h"

#include "batch/shard.h"
#include "files/format.h"
#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MOST_JOBS 256

const char batch_usage[] = "usage: unecho batch [options] FOLDER... -o OUT\n"
                           "       unecho batch [options] FILE... -o OUT\n"
                           "       unecho batch [options] MANIFEST -o OUT\n"
                           "       unecho batch --merge OUT [--report FILE] [--json]\n";

const char batch_description[] =
    "Cancel the echo in many pairs of recordings as 'unecho process' does in one, and write the "
    "outputs to the folder OUT, in the same tree as the inputs. Run it again to go on: pairs whose "
    "inputs, options and output are unchanged are not processed again. Pairs are found by their "
    "names: a_mic.wav with a_lpb.wav, a_far.wav, a_ref.wav or a.loopback.wav; mic/a.wav with "
    "far/a.wav; two FOLDERs of equal names, microphones first; or one file with two channels. "
    "MANIFEST is a table (.csv) with the columns mic, far, out and options, or JSON lines (.jsonl) "
    "with these keys; '-' is one on standard input.";

const char batch_notes[] =
    "\n"
    "The journal is OUT/unecho-batch.jsonl. docs/batch.md explains it, Slurm and Kubernetes.\n"
    "Exit status: 0 success, 1 a pair failed, or interrupted, 2 invalid command line.\n"
    "\n"
    "  unecho batch recordings -o clean --report clean/report.html\n"
    "  unecho batch dataset -o clean --pair 'near/mic_*.wav' 'far/speech_*.wav'\n"
    "  find . -name '*.mp4' | sed '1i mic' | unecho batch - -o clean --ending flac\n";

static bool set_pattern(void *field, const struct option_value *value)
{
    batch_options *options = field;
    struct naming_pattern *pattern;
    const char *fault;
    if (options->naming.count == NAMING_PATTERNS) {
        report_usage(value->command, "at most %d --pair", NAMING_PATTERNS);
        return false;
    }
    pattern = &options->naming.patterns[options->naming.count++];
    *pattern = (struct naming_pattern){.mic = value->text, .far = value->second};
    fault = naming_pattern_fault(pattern);
    if (fault)
        report_usage(value->command, "--pair '%s' '%s': %s", pattern->mic, pattern->far, fault);
    return fault == NULL;
}

static bool set_shard(void *field, const struct option_value *value)
{
    struct shard tried;
    if (shard_parse(&tried, value->text))
        return option_text(field, value);
    report_usage(value->command, "--shard %s: expected I/N, such as 2/8, with N up to %d",
                 value->text, SHARDS_MOST);
    return false;
}

static bool set_ending(void *field, const struct option_value *value)
{
    const char *ending = value->text + (value->text[0] == '.');
    char name[32];
    snprintf(name, sizeof(name), "a.%s", ending);
    if (!format_ending_is_known(name)) {
        report_usage(value->command, "--ending %s: no known format; expected one of %s",
                     value->text, format_known_endings());
        return false;
    }
    *(const char **)field = ending;
    return true;
}

/* Of any other file of that name, a recording above all, nothing would be left. */
static bool set_report(void *field, const struct option_value *value)
{
    const char *dot = strrchr(value->text, '.');
    if (dot && (strcasecmp(dot, ".html") == 0 || strcasecmp(dot, ".htm") == 0))
        return option_text(field, value);
    report_usage(value->command, "--report %s: the page is HTML, so the name must end in .html",
                 value->text);
    return false;
}

static const struct option batch_rows[] = {
    {.name = "output",
     .letter = 'o',
     .argument = "OUT",
     .help = "the folder for the outputs and the journal; made if it is missing. Files in it that "
             "batch did not write are never replaced",
     .set = option_text,
     .at = offsetof(batch_options, folder)},
    {.name = "pair",
     .argument = "MIC FAR",
     .help = "which names belong together, instead of the usual schemes: two patterns of paths in "
             "which * stands for the same text, slashes included, and a last .* for any ending; "
             "may be repeated",
     .set = set_pattern},
    {.name = "ending",
     .argument = "NAME",
     .help = "of the outputs, and so their format: wav, flac, ... (default: the microphone's, wav "
             "for video)",
     .set = set_ending,
     .at = offsetof(batch_options, ending)},
    {.name = "jobs",
     .letter = 'j',
     .argument = "N",
     .help =
         "how many processes to run, 1 to 256 (default: the number of CPUs); each has up to four "
         "pairs under way",
     .set = option_number,
     .at = offsetof(batch_options, jobs),
     .lowest = 1,
     .highest = MOST_JOBS},
    {.name = "report",
     .argument = "FILE",
     .help = "write a page about all pairs (HTML): figures, the verdicts of 'unecho doctor', "
             "spectrograms; includes --examine; the name ends in .html",
     .set = set_report,
     .at = offsetof(batch_options, report)},
    {.name = "examine",
     .help = "have 'unecho doctor' examine each pair, for a report that --merge writes later; "
             "takes half as long again, twice as long for pairs of a few seconds",
     .set = option_on,
     .at = offsetof(batch_options, examine)},
    {.name = "shard",
     .argument = "I/N",
     .help = "process the I-th of N parts that last equally long; by default UNECHO_SHARD, Slurm's "
             "array or an Indexed Job of Kubernetes decides",
     .set = set_shard,
     .at = offsetof(batch_options, shard)},
    {.name = "merge",
     .argument = "OUT",
     .help = "process nothing: sum up the journals of all shards in OUT, with --report and --json "
             "as one run would",
     .set = option_text,
     .at = offsetof(batch_options, merge)},
    {.name = "json",
     .help = "print one JSON object on a line for each pair",
     .set = option_on,
     .at = offsetof(batch_options, json)},
    {.name = "quiet",
     .letter = 'q',
     .help = "print no summary, no notes and no progress",
     .set = option_quiet,
     .at = offsetof(batch_options, quiet)},
    {.name = NULL},
};

/* What fills a process_options that lies at this offset. */
#define PAIR_GROUPS(at)                                                                            \
    {ends_options, (at) + offsetof(process_options, ends)}, {process_usual_options, (at)},         \
        {process_signal_options, (at)},                                                            \
        {engine_options, (at) + offsetof(process_options, session.engine)},                        \
        {model_options, (at) + offsetof(process_options, model)},                                  \
        {backend_options, (at) + offsetof(process_options, session.engine)},                       \
        {library_options, (at) + offsetof(process_options, session.engine.library)},               \
        {network_options, (at) + offsetof(process_options, session.engine)},                       \
    {                                                                                              \
        process_output_options, (at)                                                               \
    }

const struct option_group batch_groups[] = {
    {batch_rows, 0},  PAIR_GROUPS(offsetof(batch_options, process)),
    {option_help, 0}, {option_help_all, 0},
    {NULL, 0},
};

const struct option_group batch_pair_groups[] = {PAIR_GROUPS(0), {NULL, 0}};

const batch_options batch_defaults = {.process = PROCESS_DEFAULTS};

bool batch_options_settle(process_options *process, const char *mic, const char *far,
                          const char *out)
{
    char *words[] = {(char *)mic, (char *)far};
    const struct arguments arguments = {.command = "batch", .words = words, .count = far ? 2 : 1};
    process->output = out;
    return process_options_check(process, &arguments);
}

static bool check_merge(const batch_options *options, const struct arguments *arguments)
{
    if (arguments->count > 0 || options->folder || options->shard) {
        report_usage(arguments->command, "--merge takes no %s: it processes nothing",
                     arguments->count > 0 ? "inputs"
                     : options->folder    ? "-o"
                                          : "--shard");
        return false;
    }
    return true;
}

bool batch_options_check(void *opaque, const struct arguments *arguments)
{
    batch_options *options = opaque;
    process_options tried = options->process;
    options->arguments = arguments;
    options->examine = options->examine || options->report;
    if (options->merge)
        return check_merge(options, arguments);
    if (arguments->count == 0) {
        report_usage(arguments->command, "the inputs are missing: a folder, files or a manifest");
        return false;
    }
    /* Empty: of a variable of the shell that is not set. */
    if (!options->folder || !*options->folder) {
        report_usage(arguments->command, "the folder for the outputs is missing: -o OUT");
        return false;
    }
    return batch_options_settle(&tried, "mic.wav", "far.wav", "out.wav");
}

/* ---- As text ---------------------------------------------------------------------------- */

static bool is_own(const struct option *o)
{
    for (const struct option *own = batch_rows; own->name; own++)
        if (own == o)
            return true;
    return false;
}

/* Sorted by name; of equal ones the last counts, as it does for the parser. */
char *batch_options_text(const batch_options *options)
{
    const struct option_given *given = options->arguments->given;
    const size_t count = options->arguments->given_count;
    const char *last = "";
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    while (stream) {
        const struct option_given *next = NULL;
        for (size_t i = 0; i < count; i++)
            if (!is_own(given[i].option) && strcmp(given[i].option->name, last) > 0 &&
                (!next || strcmp(given[i].option->name, next->option->name) <= 0))
                next = &given[i];
        if (!next)
            break;
        last = next->option->name;
        fprintf(stream, "%s--%s", ftell(stream) > 0 ? " " : "", last);
        if (next->text)
            fprintf(stream, " %s", next->text);
        if (next->second)
            fprintf(stream, " %s", next->second);
    }
    if (!stream || fclose(stream) != 0) {
        free(text);
        return NULL;
    }
    return text;
}
