#include "sample_pair.h"

#include "command.h"

#include <stdlib.h>

signal_ mic, far;

int enter_with_sample(void **state)
{
    if (enter_folder(state) != 0)
        return -1;
    mic = read_sample("mic");
    far = read_sample("far");
    write_sound("mic.wav", FLOAT_WAV, mic.samples, mic.count);
    write_sound("far.wav", FLOAT_WAV, far.samples, far.count);
    return 0;
}

int leave_with_sample(void **state)
{
    free(mic.samples);
    free(far.samples);
    return leave_folder(state);
}

void put(const char *path, signal_ s)
{
    write_sound(path, FLOAT_WAV, s.samples, s.count);
    free(s.samples);
}
