/*
 * The profile file that a search leaves behind, and where it goes. It does not know how one
 * searches.
 */
#ifndef UNECHO_CLI_TUNE_PROFILE_H
#define UNECHO_CLI_TUNE_PROFILE_H

#include "bench/tune_search.h"
#include "files/output_file.h"
#include "profile_path.h"

/* Write it to where output_inspect has said it can go. false: reported. */
bool profile_write(output_file *output, const struct tune_finding *finding, const char *purpose);

/*
 * The same for a setting alone, NULL for ONNX Runtime as it comes, in a new temporary file; path:
 * its name, at least PROFILE_PATH bytes. false: reported, and there is no file.
 */
bool profile_write_temporary(const struct tune_setting *setting, char *path);

#endif
