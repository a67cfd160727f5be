/*
 * Where unecho process writes: the file that the options name, or one in the folder that they name.
 * It knows nothing of the samples.
 */
#ifndef UNECHO_CLI_TARGET_H
#define UNECHO_CLI_TARGET_H

#include "files/output_file.h"
#include "process/process_options.h"

#include <stdbool.h>

struct target {
    output_file file;
    char *in_folder; /* the file's path if the options name its folder; NULL: they name itself */
};

/* Before anything is read. Returns an exit code, EXIT_DONE: go on; otherwise it was reported.
 * target_release in either case. */
int target_choose(struct target *target, const process_options *options);
void target_release(struct target *target);

const char *target_path(const struct target *target, const process_options *options);

/* false: it has a name that the user has not given, and something of that name is there; reported.
 */
bool target_is_free(const struct target *target);

#endif
