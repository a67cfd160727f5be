#include "process/target.h"

#include "command.h"
#include "files/format.h"
#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *target_path(const struct target *target, const process_options *options)
{
    return target->in_folder ? target->in_folder : options->output;
}

/* In a folder the output takes the microphone's name. */
static bool name_in_folder(struct target *target, const process_options *options)
{
    const char *folder = options->output, *mic = options->ends.mic.path;
    const char *slash = strrchr(mic, '/'), *name = slash ? slash + 1 : mic;
    struct stat status;
    if (stat(folder, &status) != 0 || !S_ISDIR(status.st_mode))
        return true;
    if (strcmp(mic, "-") == 0) {
        report_error("%s: is a folder, and standard input has no name for a file in it", folder);
        return false;
    }
    const size_t size = strlen(folder) + strlen(name) + 2;
    target->in_folder = malloc(size);
    if (!target->in_folder)
        return report_no_memory();
    snprintf(target->in_folder, size, "%s%s%s", folder,
             folder[strlen(folder) - 1] == '/' ? "" : "/", name);
    return true;
}

/* The path up to the ending of its name. */
static int stem_length(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    return (int)(dot && dot > name ? dot - path : (long)strlen(path));
}

static int refuse_ending(const struct target *target, const char *path)
{
    if (target->in_folder)
        report_usage("process",
                     "%s: unecho does not write files of the microphone's format; name one of "
                     "another: -o %.*s.wav",
                     path, stem_length(path), path);
    else
        report_usage("process",
                     "%s: the name's ending is no known format; expected one of %s "
                     "(headerless samples need --raw)",
                     path, format_known_endings());
    return EXIT_WRONG_USAGE;
}

static int check_direct(const output_file *file, const char *path)
{
    if (output_is_stdout(file) && isatty(STDOUT_FILENO) == 1) {
        report_error("%s: is a terminal, which takes no sound: name a file, or send it to one or "
                     "to a program (-o - | PROGRAM)",
                     file->name);
        return EXIT_FAILED;
    }
    if (format_fits_pipe(path))
        return EXIT_DONE;
    report_error("%s: is not a regular file; only WAV and headerless samples (--raw) can go there",
                 path);
    return EXIT_FAILED;
}

int target_choose(struct target *target, const process_options *options)
{
    if (!name_in_folder(target, options))
        return EXIT_FAILED;
    const char *path = target_path(target, options);
    const bool raw = format_is_raw(path, options->ends.mic.layout.raw);
    if (!output_inspect(&target->file, path))
        return EXIT_FAILED;
    if (target->file.kind == OUTPUT_DIRECT)
        return check_direct(&target->file, path);
    if (raw || target->file.kind == OUTPUT_NOWHERE || format_ending_is_known(path))
        return EXIT_DONE;
    return refuse_ending(target, path);
}

void target_release(struct target *target)
{
    output_release(&target->file);
    free(target->in_folder);
    target->in_folder = NULL;
}

bool target_is_free(const struct target *target)
{
    if (!target->in_folder || !target->file.exists)
        return true;
    report_error("%s: exists already, and in a folder nothing is replaced; to replace it, name "
                 "it: -o %s",
                 target->in_folder, target->in_folder);
    return false;
}
