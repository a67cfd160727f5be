/* Describes the contents of a record in words. */
#ifndef UNECHO_CLI_REPLAY_EVENTS_H
#define UNECHO_CLI_REPLAY_EVENTS_H

#include "replay/record_reader.h"

/* Who recorded, and what the stream was. */
void events_print_header(const record_reader *from);

/* One line for a call, `seconds` of microphone after the start. */
void events_print_call(const record_reader *from, const recorded_call *call, double seconds);

/* "3 calls, with 0.5 s of microphone and 0.2 s of far end": what found no room. */
void events_describe_loss(const record_reader *from, const record_head *lost, char *text,
                          size_t size);

#endif
