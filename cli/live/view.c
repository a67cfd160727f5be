#define _XOPEN_SOURCE 700 /* wcwidth */
#include "live/view.h"

#include "live/words.h"
#include "progress.h"

#include <langinfo.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

/* The meters' range, and how wide they are. */
#define METER_LEAST_DB (-60.0f)
#define METER_LEAST    10
#define METER_MOST     40

/* Without a terminal: how long a state must last to be worth a line, and how often figures come. */
#define STEADY_SECONDS 0.5
#define FIGURE_SECONDS 60.0

enum { LABEL_WIDTH = 14, LEVEL_WIDTH = 9, NAME_LEAST = 28 };

void view_begin(live_view *v)
{
    const char *const terminal = getenv("TERM");
    /* The first figures are those of a minute. */
    *v = (live_view){.told = progress_now()};
    setlocale(LC_CTYPE, "");
    v->draws = isatty(STDOUT_FILENO) == 1 && terminal && *terminal && strcmp(terminal, "dumb") != 0;
    v->blocks = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* ---- On a terminal ------------------------------------------------------------------------- */

/* The last column stays free: what a terminal does after it differs. */
static void measure(live_view *v)
{
    struct winsize size = {0};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 2 || size.ws_row < 2)
        size = (struct winsize){.ws_col = 80, .ws_row = 24};
    v->columns = size.ws_col - 1U;
    v->most = size.ws_row <= VIEW_LINES ? size.ws_row - 1U : VIEW_LINES;
}

/* How many bytes the first character has, and how many columns. Names may contain anything: what
 * cannot be shown is one byte and takes one column. */
static size_t character(const char *text, unsigned *columns)
{
    mbstate_t state = {0};
    wchar_t c = 0;
    const size_t size = mbrtowc(&c, text, MB_CUR_MAX, &state);
    const int wide = size > MB_CUR_MAX ? -1 : wcwidth(c);
    *columns = wide < 0 ? 1 : (unsigned)wide;
    return wide < 0 ? 1 : size;
}

static unsigned width(const char *text, size_t size)
{
    unsigned sum = 0, columns;
    for (size_t i = 0; i < size; i += character(text + i, &columns), sum += columns)
        ;
    return sum;
}

/* As much of it as fits into the line. */
static void put_part(live_view *v, const char *text, size_t size)
{
    unsigned columns;
    for (size_t i = 0, n; i < size; i += n) {
        n = character(text + i, &columns);
        if (v->column + columns > v->columns)
            break;
        if (n == 1 && ((unsigned char)text[i] < 0x20 || (unsigned char)text[i] > 0x7e))
            fputc('?', stdout);
        else
            fwrite(text + i, 1, n, stdout);
        v->column += columns;
    }
}

static void put(live_view *v, const char *text)
{
    put_part(v, text, strlen(text));
}

/* One that the terminal has no room for is not drawn. */
static bool begin_line(live_view *v)
{
    v->column = 0;
    return v->lines < v->most;
}

static void end_line(live_view *v)
{
    fputs("\033[K\n", stdout);
    v->widths[v->lines++] = v->column;
}

/* In as many lines as it needs, broken between words. */
static void put_text(live_view *v, const char *text)
{
    while (*text && begin_line(v)) {
        put(v, " ");
        do {
            const size_t word = strcspn(text, " ");
            put_part(v, text, word);
            text += word;
            const size_t spaces = strspn(text, " ");
            if (v->column + spaces + width(text + spaces, strcspn(text + spaces, " ")) >
                v->columns) {
                text += spaces;
                break;
            }
            put_part(v, text, spaces);
            text += spaces;
        } while (*text);
        end_line(v);
    }
}

static void put_meter(live_view *v, float db, unsigned cells)
{
    /* Eighths of a cell. */
    static const char *const part[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    const float share = fminf(fmaxf(1.0f - db / METER_LEAST_DB, 0.0f), 1.0f);
    const unsigned eighths = (unsigned)lrintf(8.0f * share * (float)cells);
    const unsigned full = eighths / 8, rest = v->blocks ? eighths % 8 : 0;
    put(v, v->blocks ? "▕" : "[");
    for (unsigned i = 0; i < full; i++)
        put(v, v->blocks ? "█" : "#");
    put(v, part[rest]);
    for (unsigned i = full + (rest > 0); i < cells; i++)
        put(v, v->blocks ? " " : ".");
    put(v, v->blocks ? "▏" : "]");
}

/* The meter takes what the name leaves; in a narrow terminal there is none. */
static unsigned meter_cells(const live_view *v)
{
    const unsigned fixed = LABEL_WIDTH + 2 + LEVEL_WIDTH, least = fixed + METER_LEAST;
    const unsigned cells = v->columns > fixed + NAME_LEAST ? v->columns - fixed - NAME_LEAST : 0;
    if (v->columns < least)
        return 0;
    return cells < METER_LEAST ? METER_LEAST : cells > METER_MOST ? METER_MOST : cells;
}

/* db: -infinity if there is no signal, NaN if there is nothing to say. */
static void put_row(live_view *v, const char *label, float db, const char *name)
{
    char text[32];
    const unsigned cells = meter_cells(v);
    if (!begin_line(v))
        return;
    snprintf(text, sizeof(text), " %-*s", LABEL_WIDTH - 1, label);
    put(v, text);
    if (cells > 0)
        put_meter(v, isnan(db) ? -INFINITY : db, cells);
    if (isnan(db))
        snprintf(text, sizeof(text), "%*s", LEVEL_WIDTH, "");
    else if (db < -99.0f)
        snprintf(text, sizeof(text), "%*s", LEVEL_WIDTH, "silent  ");
    else
        snprintf(text, sizeof(text), "%4.0f dB  ", (double)db);
    put(v, text);
    put(v, name ? name : "none");
    end_line(v);
}

/* Goes back to the first line that is drawn. A terminal that is narrower now has broken lines. */
static void go_back(live_view *v)
{
    unsigned rows = 0;
    for (unsigned i = 0; i < v->lines; i++)
        rows += v->widths[i] > 0 ? (v->widths[i] + v->columns) / (v->columns + 1) : 1;
    if (rows > 0)
        printf("\033[%uA\r", rows);
    v->lines = 0;
}

static void draw(live_view *v, const live_state *state)
{
    const bool runs = state->stage == LIVE_RUNS && state->stats.frames > 0;
    char words[512], numbers[128], invitation[512];
    live_words(state, words, sizeof(words));
    live_figures(state, numbers, sizeof(numbers));
    measure(v);
    fputs("\033[?25l", stdout);
    go_back(v);
    if (state->name) {
        snprintf(invitation, sizeof(invitation), "Choose \"%s\" as microphone in your programs.",
                 state->name);
        put_text(v, invitation);
    }
    put_row(v, "microphone", runs ? state->stats.mic_now_db : NAN, state->mic);
    put_row(v, "loudspeaker", runs ? state->stats.far_now_db : NAN, state->sink);
    put_row(v, "without echo", runs ? state->stats.out_now_db : NAN, state->name);
    put_text(v, words);
    put_text(v, numbers);
    put_text(v, "Ctrl-C ends it.");
    fputs("\033[J", stdout);
    fflush(stdout);
}

void view_clear(live_view *v)
{
    if (!v->draws || v->lines == 0)
        return;
    measure(v);
    go_back(v);
    fputs("\033[J", stdout);
    fflush(stdout);
}

void view_end(live_view *v)
{
    if (v->draws)
        fputs("\033[?25h", stdout);
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
    live_figures(state, numbers, sizeof(numbers));
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
