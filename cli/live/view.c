#include "live/view.h"

#include "live/words.h"
#include "progress.h"
#include "report.h"

#include <langinfo.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* The meters' range, and how wide they are. */
#define METER_LEAST_DB (-60.0f)
#define METER_LEAST    10
#define METER_MOST     40

/* Without a terminal: how long a state must last to be worth a line, and how often figures come. */
#define STEADY_SECONDS 0.5
#define FIGURE_SECONDS 60.0

enum { LABEL_WIDTH = 13, LEVEL_WIDTH = 9, NAME_LEAST = 12 };

void view_begin(live_view *v)
{
    const char *const terminal = getenv("TERM");
    /* The first figures are those of a minute. */
    *v = (live_view){.told = progress_now()};
    setlocale(LC_CTYPE, "");
    v->draws = isatty(STDOUT_FILENO) == 1 && terminal && *terminal && strcmp(terminal, "dumb") != 0;
    v->blocks = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

void view_end(live_view *v)
{
    if (v->draws)
        fputs("\033[?25h", stdout);
    fflush(stdout);
}

/* ---- On a terminal ------------------------------------------------------------------------- */

static unsigned width(void)
{
    struct winsize size = {0};
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/* As much of the text as fits into so many columns: a byte that continues a character takes none.
 */
static void put_cut(const char *text, unsigned columns)
{
    for (const char *c = text; *c; c++) {
        if (((unsigned char)*c & 0xc0) != 0x80 && columns-- == 0)
            break;
        fputc((unsigned char)*c < 0x20 ? ' ' : *c, stdout);
    }
}

static void end_line(live_view *v)
{
    fputs("\033[K\n", stdout);
    v->lines++;
}

static void put_text(live_view *v, const char *text, unsigned columns)
{
    fputc(' ', stdout);
    put_cut(text, columns - 1);
    end_line(v);
}

static void put_meter(const live_view *v, float db, unsigned cells)
{
    /* Eighths of a cell. */
    static const char *const part[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    const float share = fminf(fmaxf(1.0f - db / METER_LEAST_DB, 0.0f), 1.0f);
    const unsigned eighths = (unsigned)lrintf(8.0f * share * (float)cells);
    const unsigned full = eighths / 8, rest = v->blocks ? eighths % 8 : 0;
    for (unsigned i = 0; i < full; i++)
        fputs(v->blocks ? "█" : "#", stdout);
    fputs(part[rest], stdout);
    for (unsigned i = full + (rest > 0); i < cells; i++)
        fputc(v->blocks ? ' ' : '.', stdout);
}

/* db: -infinity if there is no signal, NaN if there is nothing to say. */
static void put_row(live_view *v, const char *label, float db, const char *name, unsigned columns)
{
    const unsigned fixed = 1 + LABEL_WIDTH + 2 + LEVEL_WIDTH;
    const unsigned free_columns = columns > fixed + NAME_LEAST ? columns - fixed - NAME_LEAST : 0;
    const unsigned cells = free_columns < METER_LEAST  ? METER_LEAST
                           : free_columns > METER_MOST ? METER_MOST
                                                       : free_columns;
    printf(" %-*s%s", LABEL_WIDTH, label, v->blocks ? "▕" : "[");
    put_meter(v, isnan(db) ? -INFINITY : db, cells);
    fputs(v->blocks ? "▏" : "]", stdout);
    if (isnan(db))
        printf("%*s", LEVEL_WIDTH, "");
    else if (db < -99.0f)
        printf("%*s", LEVEL_WIDTH, "silent  ");
    else
        printf("%4.0f dB  ", (double)db);
    if (columns > fixed + cells + 1)
        put_cut(name ? name : "none", columns - fixed - cells - 1);
    end_line(v);
}

/* What the canceller does at present; nothing if it sees no echo. */
static void figures(const live_state *state, char *text, size_t size)
{
    const unecho_stats *const s = &state->stats;
    text[0] = '\0';
    if (state->stage == LIVE_RUNS && live_sees_echo(s))
        snprintf(text, size, "echo %.0f dB lower, delay %.0f ms, clock drift %+.0f ppm",
                 (double)fmaxf(s->erle_now_db, 0.0f), (double)s->delay_ms, (double)s->drift_ppm);
}

static void draw(live_view *v, const live_state *state)
{
    const unsigned columns = width();
    const bool runs = state->stage == LIVE_RUNS;
    char words[512], numbers[128], invitation[512];
    live_words(state, words, sizeof(words));
    figures(state, numbers, sizeof(numbers));
    if (v->lines > 0)
        printf("\033[%uA\r", v->lines);
    else
        fputs("\033[?25l", stdout);
    v->lines = 0;
    if (state->name)
        snprintf(invitation, sizeof(invitation),
                 "Choose \"%s\" as microphone in your programs. Ctrl-C ends it.", state->name);
    else
        snprintf(invitation, sizeof(invitation), "Ctrl-C ends it.");
    put_text(v, invitation, columns);
    put_row(v, "microphone", runs ? state->stats.mic_now_db : NAN, state->mic, columns);
    put_row(v, "loudspeaker", runs ? state->stats.far_now_db : NAN, state->sink, columns);
    put_row(v, "without echo", runs ? state->stats.out_now_db : NAN, state->name, columns);
    put_text(v, words, columns);
    put_text(v, numbers, columns);
    fflush(stdout);
}

/* ---- Elsewhere ----------------------------------------------------------------------------- */

/* A line when it has changed, and not only for a moment. */
static void say(live_view *v, const char *text)
{
    const double now = progress_now();
    if (strcmp(text, v->candidate) != 0) {
        snprintf(v->candidate, sizeof(v->candidate), "%s", text);
        v->since = now;
    }
    if (strcmp(text, v->said) == 0 || now - v->since < STEADY_SECONDS)
        return;
    snprintf(v->said, sizeof(v->said), "%s", text);
    puts(text);
}

static void tell(live_view *v, const live_state *state)
{
    char text[sizeof(v->said)], numbers[128];
    const int length = snprintf(text, sizeof(text),
                                "microphone %s, loudspeaker %s: ", state->mic ? state->mic : "none",
                                state->sink ? state->sink : "none");
    if (length < (int)sizeof(text))
        live_words(state, text + length, sizeof(text) - (size_t)length);
    say(v, text);
    figures(state, numbers, sizeof(numbers));
    if (numbers[0] && progress_now() - v->told >= FIGURE_SECONDS) {
        v->told = progress_now();
        puts(numbers);
    }
    fflush(stdout);
}

void view_show(live_view *v, const live_state *state)
{
    if (v->draws)
        draw(v, state);
    else
        tell(v, state);
}
