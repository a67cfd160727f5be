#include "completion/words.h"

static void put_help(const char *help, FILE *stream)
{
    fputs(" -d '", stream);
    words_of_help(help, "'\\", "\\", stream);
    fputs("'\n", stream);
}

static void put_option(const struct command *c, const struct option *o, FILE *stream)
{
    fprintf(stream, "complete -c unecho -n '__fish_seen_subcommand_from %s' -l %s", c->name,
            o->name);
    if (o->letter)
        fprintf(stream, " -s %c", o->letter);
    switch (value_kind_of(o)) {
    case VALUE_NONE:
        break;
    case VALUE_FREE:
        fputs(" -x", stream);
        break;
    case VALUE_NAMES:
        fputs(" -x -a '", stream);
        words_of_names(o, stream);
        fputc('\'', stream);
        break;
    case VALUE_PATH:
        fputs(" -r -F", stream);
        break;
    }
    put_help(o->help, stream);
}

void completion_fish(FILE *stream)
{
    fputs("# Completion of unecho for fish; made by 'unecho completion fish'.\n", stream);
    for (size_t i = 0; commands[i]; i++) {
        fprintf(stream, "complete -c unecho -n __fish_use_subcommand -f -a %s", commands[i]->name);
        put_help(commands[i]->summary, stream);
    }
    fputs("complete -c unecho -n __fish_use_subcommand -f -a help -d 'show the help of a command'\n"
          "complete -c unecho -n '__fish_seen_subcommand_from help' -f -a '",
          stream);
    for (size_t i = 0; commands[i]; i++)
        fprintf(stream, "%s%s", i ? " " : "", commands[i]->name);
    fputs("'\n", stream);
    for (size_t i = 0; commands[i]; i++)
        for (const struct option_group *g = commands[i]->groups; g->rows; g++)
            for (const struct option *o = g->rows; o->name; o++)
                put_option(commands[i], o, stream);
}
