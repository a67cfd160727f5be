/* Ogg files of which libsndfile reads a part without saying so. */
#ifndef UNECHO_CLI_OGG_CHAIN_H
#define UNECHO_CLI_OGG_CHAIN_H

typedef enum ogg_extent {
    OGG_WHOLE,
    OGG_CHAINED, /* a stream begins after another had data: libsndfile reads the first */
    OGG_CUT,     /* the file ends before its last stream does */
} ogg_extent;

/* Does not move the file's position. */
ogg_extent ogg_extent_of(int fd);

#endif
