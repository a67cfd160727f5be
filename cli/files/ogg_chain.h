/* Ogg files of several recordings one after the other, of which libsndfile reads the first. */
#ifndef UNECHO_CLI_OGG_CHAIN_H
#define UNECHO_CLI_OGG_CHAIN_H

#include <stdbool.h>

/* Whether in this file a stream begins after another had data. Does not move its position. */
bool ogg_is_chained(int fd);

#endif
