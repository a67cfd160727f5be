#include "bench/tune_profile.h"

#include "report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int write_setting(char *text, size_t size, const struct tune_setting *setting)
{
    return snprintf(text, size,
                    "unecho-profile 1\n"
                    "stage1_threads %u\n"
                    "stage2_threads %u\n"
                    "spinning %d\n"
                    "execution_mode %s\n"
                    "memory_pattern %d\n"
                    "arena %d\n",
                    setting->stage_threads[0], setting->stage_threads[1], setting->spinning,
                    setting->parallel ? "parallel" : "sequential", !setting->no_memory_pattern,
                    !setting->no_arena);
}

bool profile_write(output_file *output, const struct tune_finding *finding, const char *purpose)
{
    char text[1024];
    int length = write_setting(text, sizeof(text), &finding->winner);
    length += snprintf(text + length, sizeof(text) - (size_t)length,
                       "# %.1f us per hop, by round %.1f to %.1f; untuned %.1f\n"
                       "model %s\n"
                       "purpose %s\n",
                       finding->winner_cost.median, finding->winner_cost.lowest,
                       finding->winner_cost.highest, finding->untuned_us, finding->model, purpose);
    if (!output_open(output))
        return false;
    if (output->kind == OUTPUT_NOWHERE)
        return true;
    if (write(output->fd, text, (size_t)length) == length)
        return output_commit(output);
    report_error("%s: %s", output->name, strerror(errno));
    return false;
}

bool profile_write_temporary(const struct tune_setting *setting, char *path)
{
    char text[512];
    const char *folder = getenv("TMPDIR");
    const int length = setting ? write_setting(text, sizeof(text), setting)
                               : snprintf(text, sizeof(text), "unecho-profile 1\nuntuned 1\n");
    snprintf(path, PROFILE_PATH, "%.900s/unecho-profile-XXXXXX",
             folder && *folder ? folder : "/tmp");
    const int fd = mkstemp(path);
    if (fd >= 0) {
        const bool written = write(fd, text, (size_t)length) == length;
        if (close(fd) == 0 && written)
            return true;
        unlink(path);
    }
    report_error("%s: cannot write it: %s", path, strerror(errno));
    return false;
}
