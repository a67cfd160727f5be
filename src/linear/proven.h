/*
 * Whether the filter's echo path is known to be right. Once it has left next to nothing of the
 * microphone it is, whatever else is heard since, until the echo estimate is no longer in the
 * microphone. A near end adds to the echo; another path takes its place.
 */
#ifndef UNECHO_PROVEN_H
#define UNECHO_PROVEN_H

/* All zero: nothing heard yet. */
typedef struct proven_path {
    double mic, error, echo; /* energies, over 0.3 s */
    double against, claimed; /* how much of the echo, -2 e y, the error is against; over 0.8 s */
    double usual;            /* share of the microphone that is left where only the echo is heard */
    int right;
    int joined; /* whether it is right and something else has been heard since it was alone */
} proven_path;

/* The next hop's energies. */
void proven_next(proven_path *p, double mic, double error, double echo);

#endif
