/*
 * How loud the microphone usually is at least while the far end plays: of an echo, how strongly the
 * loudspeaker couples into the microphone. Knows nothing of signals, only of the ratio of their
 * powers frame by frame.
 */
#ifndef UNECHO_COUPLING_H
#define UNECHO_COUPLING_H

/* All zero: nothing heard yet. */
typedef struct coupling {
    float usual;    /* a ratio of powers, */
    unsigned heard; /* and on how many frames it rests */
    /* Frames in a row much louder than that, and the least of their ratios. */
    unsigned louder;
    float least;
} coupling;

/* A frame of this ratio. is_echo: the echo is seen in it. */
void coupling_follow(coupling *c, float ratio, int is_echo);

/* The highest ratio of a frame that holds an echo and nothing louder; infinite while not known. */
float coupling_most(const coupling *c);

#endif
