#define _DEFAULT_SOURCE /* _SC_NPROCESSORS_ONLN */
#include "bench/machine.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

unsigned machine_cores(void)
{
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores < 1 ? 1 : (unsigned)cores;
}

void machine_cpu(char *name, size_t size)
{
    char line[256];
    FILE *file = fopen("/proc/cpuinfo", "r");
    snprintf(name, size, "%s", "");
    if (!file)
        return;
    while (!*name && fgets(line, sizeof(line), file)) {
        const char *colon = strchr(line, ':');
        if (colon && strncmp(line, "model name", 10) == 0)
            snprintf(name, size, "%.*s", (int)strcspn(colon + 2, "\n"), colon + 2);
    }
    fclose(file);
}
