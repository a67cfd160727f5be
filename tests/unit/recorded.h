/*
 * Streams that are recorded, and what is read from them: for the tests of records.
 */
#ifndef UNECHO_TESTS_RECORDED_H
#define UNECHO_TESTS_RECORDED_H

#include "replay/rerun.h"
#include "unecho_model.h"

enum { LENGTH = 32000, CHANNELS = 3, ROOM = 1 << 20 };

/* Of the streams: from set_up on the DTLN-aec network. */
extern unecho_model *model;

/* What the streams get, from set_up on. */
extern float mic[LENGTH], far[LENGTH];
extern int16_t mic16[LENGTH], far16[LENGTH];

typedef struct file {
    unsigned char *bytes;
    size_t size;
} file;

int set_up(void **unused);
int tear_down(void **unused);

unecho *open_recorded(const unecho_config *config, size_t room);

/* A mixture of calls of all kinds that suit the config, from a seed, over all of the signals; f
 * NULL: nobody reads. Returns the hash of all output. */
uint64_t make_calls(unecho *stream, const unecho_config *config, uint32_t seed, file *f);

/* All there is, in pieces of an odd size. */
void drain(unecho *stream, file *f);

/* As far as it is good; the reason why it is not goes into message [256]. */
reader_result replay_file(rerun *r, const file *f, char *message);

/* The same bits throughout; returns what happened. */
rerun expect_same(const file *f);

#endif
