/* Writes the profile that is the result of a search. */
#ifndef UNECHO_CLI_TUNE_PROFILE_H
#define UNECHO_CLI_TUNE_PROFILE_H

#include "bench/tune_search.h"
#include "files/output_file.h"
#include "profile_path.h"

/* Write it to output, which has been inspected. false: failed, reported. */
bool profile_write(output_file *output, const struct tune_finding *finding, const char *purpose);

/*
 * The same for a setting alone, NULL: ONNX Runtime untuned, in a new temporary file. path: takes
 * its name, at least PROFILE_PATH bytes. false: failed, reported; there is no file.
 */
bool profile_write_temporary(const struct tune_setting *setting, char *path);

#endif
