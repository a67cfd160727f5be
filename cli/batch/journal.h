/*
 * What has been done, a JSON object on a line for each pair, in files of the output folder: one for
 * each shard. They are only ever appended to. The journal knows when a pair was begun and done, not
 * what the other members of its lines mean.
 */
#ifndef UNECHO_CLI_BATCH_JOURNAL_H
#define UNECHO_CLI_BATCH_JOURNAL_H

#include "batch/shard.h"

#include <stdbool.h>
#include <stddef.h>

/* More than a line has members. */
enum { JOURNAL_MEMBERS = 96 };

struct journal_entry;

struct journal {
    char *folder;
    struct journal_file *files; /* as they were there at first; the last one is this run's */
    size_t file_count;
    struct journal_entry *table; /* by output */
    size_t used, room;
};

/*
 * Read the journals in folder. writes: also open the shard's own for appending, for this process
 * alone, and remove what interrupted runs left unfinished. false: failed, reported. journal_close
 * in either case.
 */
bool journal_open(struct journal *journal, const char *folder, const struct shard *shard,
                  bool writes);
void journal_close(struct journal *journal);

enum journal_state {
    JOURNAL_UNKNOWN, /* no run has had this output */
    JOURNAL_BEGUN,   /* but not recorded: a run ended while it was processed */
    JOURNAL_KNOWN    /* recorded */
};

enum journal_state journal_state(const struct journal *journal, const char *out);

/* Its last line, freed by the caller; NULL: there is none. */
char *journal_line(const struct journal *journal, const char *out);

/* Count an output as one of this run, that of mic. false: it has one already, or memory ran out,
 * reported. */
bool journal_claim(struct journal *journal, const char *out, const char *mic);

/* Write that a pair begins, which any process of the run may do. false: failed, reported. */
bool journal_begin(const struct journal *journal, const char *out);

/* Another process of the run has written that, and will not write more about it. */
void journal_has_begun(struct journal *journal, const char *out);

/* The time of a new line. */
double journal_now(void);

/* Append its line, whose member "time" is larger than those of earlier ones. false: failed,
 * reported. */
bool journal_record(struct journal *journal, const char *out, double time, const char *line,
                    size_t length);

/*
 * Pass the last line of each output on, in the order of the journals. all: not only of this run's
 * outputs. Visitor false: end. false: failed, reported.
 */
typedef bool journal_visitor(void *user, char *line, size_t length);
bool journal_visit(struct journal *journal, bool all, journal_visitor *visit, void *user);

#endif
