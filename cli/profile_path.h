/* Where the profile of ONNX Runtime's settings is, which `unecho tune` writes and streams read. */
#ifndef UNECHO_CLI_PROFILE_PATH_H
#define UNECHO_CLI_PROFILE_PATH_H

#include <stdbool.h>
#include <stddef.h>

#define PROFILE_PATH 2200

/*
 * $XDG_CONFIG_HOME/unecho/profile or ~/.config/unecho/profile, whether or not the file exists.
 * false: neither XDG_CONFIG_HOME nor HOME is set.
 */
bool profile_default_path(char *path, size_t size);

/* Make the missing folders of that path. false: reported. */
bool profile_make_folder(void);

#endif
