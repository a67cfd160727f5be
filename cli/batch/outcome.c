#include "batch/outcome.h"

#include "files/json.h"
#include "files/json_read.h"
#include "report.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* What is worth more than a line in the journal. Returns whether it is a warning. */
static bool show_message(const struct batch_pair *pair, const char *message, bool failed)
{
    static const char note[] = "note: ", warning[] = "warning: ";
    const bool names = strstr(message, pair->mic) || (pair->far && strstr(message, pair->far)) ||
                       strstr(message, pair->out);
    if (strncmp(message, note, sizeof(note) - 1) == 0)
        return false;
    if (strncmp(message, warning, sizeof(warning) - 1) == 0) {
        report_warning("%s%s%s", names ? "" : pair->mic, names ? "" : ": ",
                       message + sizeof(warning) - 1);
        return true;
    }
    if (failed)
        report_error("%s%s%s", names ? "" : pair->mic, names ? "" : ": ", message);
    return false;
}

/* Returns whether one of them is a warning. */
static bool show_messages(const struct batch_pair *pair, char *messages, bool failed)
{
    char *lines[JOURNAL_MEMBERS];
    size_t count;
    bool warned = false;
    if (json_read_strings(messages, lines, JOURNAL_MEMBERS, &count) != NULL)
        return false;
    for (size_t i = 0; i < count; i++)
        warned = show_message(pair, lines[i], failed) || warned;
    return warned;
}

static double number(const struct json_member *members, size_t count, const char *key)
{
    const struct json_member *member = json_find(members, count, key);
    return member && member->type == JSON_NUMBER ? member->number : 0.0;
}

static bool is_true(const struct json_member *members, size_t count, const char *key)
{
    const struct json_member *member = json_find(members, count, key);
    return member && member->type == JSON_TRUE;
}

bool outcome_take(const struct batch_run *run, struct board *board, const struct batch_pair *pair,
                  const struct answer *answer)
{
    struct json_member members[JOURNAL_MEMBERS];
    const struct json_member *messages;
    const char *status;
    size_t count;
    char *copy = strndup(answer->line, answer->length);
    bool failed, warned = false, recorded = true;
    if (!copy || json_read_object(copy, members, JOURNAL_MEMBERS, &count) != NULL) {
        report_error("%s: %s", pair->out, strerror(copy ? EPROTO : ENOMEM));
        free(copy);
        return false;
    }
    status = json_find_text(members, count, "status");
    failed = !status || strcmp(status, "done") != 0;
    if (answer->kind == ANSWER_NEW)
        recorded = journal_record(run->journal, pair->out, number(members, count, "time"),
                                  answer->line, answer->length);
    if (run->options->json)
        fwrite(answer->line, 1, answer->length, stdout);
    messages = json_find(members, count, "messages");
    if (answer->kind == ANSWER_NEW && messages && messages->type == JSON_NESTED)
        warned = show_messages(pair, messages->text, failed);
    if (answer->kind == ANSWER_UNCHANGED) {
        board->unchanged++;
        board->passed_over += pair->weight;
    } else if (failed) {
        board->failed++;
        board->passed_over += pair->weight;
    } else {
        board->done++;
        board->warned += warned;
        board->unfit += is_true(members, count, "unfit");
        board->processed += pair->weight;
        board->seconds += number(members, count, "seconds");
    }
    free(copy);
    return recorded;
}

static void write_end(FILE *stream, const struct batch_pair *pair, int status)
{
    fprintf(stream, "{\"time\": %.3f, \"out\": ", journal_now());
    json_print_string(pair->out, stream);
    fputs(", \"mic\": ", stream);
    json_print_string(pair->mic, stream);
    fputs(", \"status\": \"failed\", \"messages\": [\"its process ", stream);
    if (WIFSIGNALED(status))
        fprintf(stream, "was ended by signal %d%s", WTERMSIG(status),
                WTERMSIG(status) == SIGKILL   ? " (out of memory?)"
                : WTERMSIG(status) == SIGSEGV ? " (a crash)"
                                              : "");
    else
        fprintf(stream, "ended with status %d", WEXITSTATUS(status));
    fputs("\"]}\n", stream);
}

bool outcome_take_end(const struct batch_run *run, struct board *board,
                      const struct batch_pair *pair, int status)
{
    struct answer answer = {.kind = ANSWER_NEW};
    char *line = NULL;
    FILE *stream = open_memstream(&line, &answer.length);
    bool done = stream != NULL;
    if (done) {
        write_end(stream, pair, status);
        done = fclose(stream) == 0;
    }
    answer.line = line;
    if (done)
        done = outcome_take(run, board, pair, &answer);
    else
        report_no_memory();
    free(line);
    return done;
}
