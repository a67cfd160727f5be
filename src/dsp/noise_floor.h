/*
 * The level of the background noise in one band, by minimum statistics (Martin, IEEE Trans. Speech
 * Audio Process. 9(5), 2001, in its simplest form), hop by hop of 8 ms.
 */
#ifndef UNECHO_NOISE_FLOOR_H
#define UNECHO_NOISE_FLOOR_H

/* 0.75 s. A word is shorter than two windows. */
enum { NOISE_FLOOR_WINDOW = 94 };

/* Powers. */
typedef struct noise_floor {
    float smooth; /* over ten hops */
    float lowest; /* since the window began */
    float before; /* in the window before */
    float level;  /* the estimate; 0 before the first hop */
} noise_floor;

/* Before the first hop: nothing has been observed. */
void noise_floor_reset(noise_floor *n);
/* Every NOISE_FLOOR_WINDOW hops. */
void noise_floor_renew(noise_floor *n);
/* Advance by one hop of this power. */
void noise_floor_smooth(noise_floor *n, float power);
/*
 * Then: estimate the level. clear: the hop holds nothing but noise and voice, for others only lower
 * the level. bias: how far the mean lies above the lowest of many values, a factor.
 */
void noise_floor_observe(noise_floor *n, int clear, float bias);

#endif
