/*
 * The profile file that a search leaves behind, and where it goes. It does not know how one
 * searches.
 */
#ifndef UNECHO_TOOL_TUNE_PROFILE_H
#define UNECHO_TOOL_TUNE_PROFILE_H

#include "bench/tune_search.h"
#include "files/output_file.h"

#define PROFILE_PATH 2200

/*
 * The usual place, $XDG_CONFIG_HOME/unecho/profile or ~/.config/unecho/profile, whether or not
 * something is there. false: neither XDG_CONFIG_HOME nor HOME says where.
 */
bool profile_usual_path(char *path, size_t size);

/* Make the directories of the usual place where they are missing. false: reported. */
bool profile_make_folder(void);

/* Write it to where output_inspect has said it can go. false: reported. */
bool profile_write(output_file *output, const struct tune_finding *finding, const char *purpose);

/*
 * The same for a setting alone, NULL for ONNX Runtime as it comes, in a new temporary file; path:
 * its name, at least PROFILE_PATH bytes. false: reported, and there is no file.
 */
bool profile_write_temporary(const struct tune_setting *setting, char *path);

#endif
