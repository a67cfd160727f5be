/* How many CPUs this process may use. */
#ifndef UNECHO_CLI_BATCH_CPUS_H
#define UNECHO_CLI_BATCH_CPUS_H

unsigned cpus_usable(void);

#endif
