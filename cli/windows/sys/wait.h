/* No program is ever started. */
#ifndef UNECHO_CLI_WINDOWS_WAIT_H
#define UNECHO_CLI_WINDOWS_WAIT_H

#define WIFEXITED(status)             ((void)(status), 0)
#define WEXITSTATUS(status)           (status)
#define waitpid(pid, status, options) ((void)(pid), (void)(status), -1)

#endif
