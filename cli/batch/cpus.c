#define _GNU_SOURCE /* CPU_COUNT, _SC_NPROCESSORS_ONLN */
#include "batch/cpus.h"

#include <unistd.h>

#ifdef __linux__
#include <sched.h>
#endif

unsigned cpus_usable(void)
{
    const long online = sysconf(_SC_NPROCESSORS_ONLN);
#ifdef __linux__
    /* A container or a cluster may have given it a few only. */
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0)
        return (unsigned)CPU_COUNT(&set);
#endif
    return online > 0 ? (unsigned)online : 1;
}
