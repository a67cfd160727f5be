#include "completion/words.h"

static void put_names(const struct option *o, const char *between, FILE *stream)
{
    if (o->letter)
        fprintf(stream, "-%c%s", o->letter, between);
    fprintf(stream, "--%s", o->name);
}

/* A case for each option whose value is not a path: for that the shell's own completion serves. */
static void put_values(const struct command *c, FILE *stream)
{
    fputs("        case $previous in\n", stream);
    for (const struct option_group *g = c->groups; g->rows; g++) {
        for (const struct option *o = g->rows; o->name; o++) {
            const enum value_kind kind = value_kind_of(o);
            if (kind == VALUE_NONE)
                continue;
            fputs("        ", stream);
            put_names(o, " | ", stream);
            if (kind == VALUE_NAMES) {
                fputs(") words='", stream);
                words_of_names(o, stream);
                fputs("' ;;\n", stream);
            } else {
                fputs(kind == VALUE_PATH ? ") return ;;\n" : ") compopt +o default; return ;;\n",
                      stream);
            }
        }
    }
    fputs("        esac\n", stream);
}

static void put_command(const struct command *c, FILE *stream)
{
    fprintf(stream, "    %s)\n", c->name);
    put_values(c, stream);
    fputs("        options='", stream);
    for (const struct option_group *g = c->groups; g->rows; g++)
        for (const struct option *o = g->rows; o->name; o++) {
            put_names(o, " ", stream);
            fputc(' ', stream);
        }
    fputs("'\n        ;;\n", stream);
}

void completion_bash(FILE *stream)
{
    fputs("# Completion of unecho for bash; made by 'unecho completion bash'.\n"
          "_unecho() {\n"
          "    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
          "    local words='' options='' commands='",
          stream);
    for (size_t i = 0; commands[i]; i++)
        fprintf(stream, "%s ", commands[i]->name);
    fputs("help'\n"
          "    COMPREPLY=()\n"
          "    if ((COMP_CWORD == 1)); then\n"
          "        words=\"$commands\"\n"
          "    else\n"
          "    case ${COMP_WORDS[1]} in\n"
          "    help) words=\"$commands\" ;;\n",
          stream);
    for (size_t i = 0; commands[i]; i++)
        put_command(commands[i], stream);
    fputs("    esac\n"
          "    fi\n"
          "    [[ -n $words || $word != -* ]] || words=$options\n"
          "    [[ -z $words ]] || COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
          "}\n"
          "complete -o bashdefault -o default -F _unecho unecho\n",
          stream);
}
