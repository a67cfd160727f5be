/*
 * What a run and its processes tell each other by a socket: which pair to process, and the line of
 * the journal that has come of it.
 */
#ifndef UNECHO_CLI_BATCH_EXCHANGE_H
#define UNECHO_CLI_BATCH_EXCHANGE_H

#include "batch/plan.h"

#include <stdbool.h>
#include <stddef.h>

/* ---- To the process --------------------------------------------------------------------- */

struct request {
    unsigned lane;          /* of the process */
    struct batch_pair pair; /* without its weight once it has been sent */
    char *text;             /* holds the strings of the pair */
    size_t size;
};

/* Copies the pair. false: out of memory. */
bool request_make(struct request *request, unsigned lane, const struct batch_pair *pair);
void request_free(struct request *request);

/* false: the process is gone. */
bool request_send(int fd, const struct request *request);

/* Waits for one. false: there will be none. */
bool request_receive(int fd, struct request *request);

/* ---- From the process ------------------------------------------------------------------- */

enum { ANSWER_NEW = 'n', ANSWER_UNCHANGED = 'u' };

struct answer {
    unsigned lane;
    char kind;
    const char *line; /* of the journal, with its end; no zero follows */
    size_t length;
};

/* false: nobody waits for it. */
bool answer_send(int fd, const struct answer *answer);

/* What has come of answers. */
struct inbox {
    char *text;
    size_t begin, end, room; /* from begin to end: not taken yet */
};

/* Reads what is there. false: nothing more will come. */
bool inbox_read(struct inbox *inbox, int fd);

/* The next answer that is whole, valid until the inbox is read again. false: there is none. */
bool inbox_next(struct inbox *inbox, struct answer *answer);

void inbox_free(struct inbox *inbox);

#endif
