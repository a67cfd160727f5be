#include "completion/words.h"

/* In a pair of single quotes, for _arguments: '-o[help]:OUT:_files'. */
static void put_spec(const struct option *o, const char *dashes, const char *name, FILE *stream)
{
    fprintf(stream, "            '%s%s[", dashes, name);
    words_of_help(o->help, "'", "'\\'", stream);
    fputc(']', stream);
    switch (value_kind_of(o)) {
    case VALUE_NONE:
        break;
    case VALUE_FREE:
        fprintf(stream, ":%s: ", o->argument);
        break;
    case VALUE_NAMES:
        fprintf(stream, ":%s:(", o->argument);
        words_of_names(o, stream);
        fputc(')', stream);
        break;
    case VALUE_PATH:
        fprintf(stream, ":%s:_files", o->argument);
        break;
    }
    fputs("' \\\n", stream);
}

static void put_command(const struct command *c, FILE *stream)
{
    fprintf(stream, "    %s)\n        _arguments \\\n", c->name);
    for (const struct option_group *g = c->groups; g->rows; g++) {
        for (const struct option *o = g->rows; o->name; o++) {
            const char letter[] = {o->letter, '\0'};
            if (o->letter)
                put_spec(o, "-", letter, stream);
            put_spec(o, "--", o->name, stream);
        }
    }
    fputs("            '*:file:_files'\n        ;;\n", stream);
}

void completion_zsh(FILE *stream)
{
    fputs("#compdef unecho\n"
          "# Completion of unecho for zsh; made by 'unecho completion zsh'.\n"
          "_unecho() {\n"
          "    local -a commands=(\n",
          stream);
    for (size_t i = 0; commands[i]; i++) {
        fprintf(stream, "        '%s:", commands[i]->name);
        words_of_help(commands[i]->summary, "'", "'\\'", stream);
        fputs("'\n", stream);
    }
    fputs("        'help:show the help of a command'\n"
          "    )\n"
          "    if ((CURRENT == 2)); then\n"
          "        _describe command commands\n"
          "        return\n"
          "    fi\n"
          "    shift words\n"
          "    ((CURRENT--))\n"
          "    case $words[1] in\n"
          "    help) _describe command commands ;;\n",
          stream);
    for (size_t i = 0; commands[i]; i++)
        put_command(commands[i], stream);
    fputs("    esac\n"
          "}\n"
          /* The same file is sourced, or loaded as a function of this name. */
          "if [[ $funcstack[1] == _unecho ]]; then\n"
          "    _unecho \"$@\"\n"
          "else\n"
          "    compdef _unecho unecho\n"
          "fi\n",
          stream);
}
