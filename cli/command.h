/*
 * The commands, each as its own little main. They know nothing of each other.
 */
#ifndef UNECHO_TOOL_COMMAND_H
#define UNECHO_TOOL_COMMAND_H

/* argv[0] is the command's name. The exit code is one of report.h's. */
int command_process(int argc, char **argv);
int command_doctor(int argc, char **argv);
int command_info(int argc, char **argv);
int command_inspect(int argc, char **argv);
int command_convert(int argc, char **argv);
int command_bench(int argc, char **argv);
int command_tune(int argc, char **argv);
int command_replay(int argc, char **argv);

/* Print a help text and say whether standard output took it. */
int command_show(const char *text);

extern const char process_help[];
extern const char doctor_help[];
extern const char info_help[];
extern const char inspect_help[];
extern const char convert_help[];
extern const char bench_help[];
extern const char tune_help[];
extern const char replay_help[];

#endif
