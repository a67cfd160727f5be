/*
 * unecho.h for cgo, to which a stream is a complete type without pointers. Of an incomplete type it
 * checks every pointer that it passes to C, and allocates for that. Only the library knows what a
 * stream has inside.
 */
struct unecho {
    char inside;
};
#include <unecho.h>
