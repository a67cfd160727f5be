/*
 * What unecho live draws on a terminal, which is a pseudo-terminal here: in any size no line is
 * wider and no view higher than it.
 */
#define _XOPEN_SOURCE 700
#include "check.h"
#include "live/view.h"

#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

static int terminal, standard_output;

static int set_up(void **unused)
{
    (void)unused;
    setenv("TERM", "xterm", 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    terminal = posix_openpt(O_RDWR | O_NOCTTY);
    if (terminal < 0 || grantpt(terminal) != 0 || unlockpt(terminal) != 0)
        return -1;
    fflush(stdout);
    standard_output = dup(STDOUT_FILENO);
    return standard_output < 0 ? -1 : 0;
}

static int tear_down(void **unused)
{
    (void)unused;
    close(standard_output);
    return close(terminal);
}

/* What is drawn on a terminal of that size, from an empty one on. Not to be interrupted by a check
 * that fails: standard output is the terminal meanwhile. */
static size_t drawn(const live_state *state, unsigned columns, unsigned rows, char *text,
                    size_t size)
{
    const struct winsize window = {.ws_col = (unsigned short)columns,
                                   .ws_row = (unsigned short)rows};
    const int slave = open(ptsname(terminal), O_RDWR | O_NOCTTY);
    live_view view;
    ioctl(slave, TIOCSWINSZ, &window);
    dup2(slave, STDOUT_FILENO);
    view_begin(&view);
    view_show(&view, state);
    view_end(&view);
    dup2(standard_output, STDOUT_FILENO);
    /* It comes in parts; the end is that the cursor is seen again. */
    size_t count = 0;
    for (ssize_t n = 1; n > 0 && count < size - 1;) {
        n = read(terminal, text + count, size - 1 - count);
        count += n > 0 ? (size_t)n : 0;
        text[count] = '\0';
        if (strstr(text, "\033[?25h"))
            break;
    }
    close(slave);
    return count;
}

/* Without what moves the cursor; lines end with a line feed. */
static void plain(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++)
        if (*from == '\033')
            from += strcspn(from, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
        else if (*from != '\r')
            *to++ = *from;
    *to = '\0';
}

static live_state running(void)
{
    live_state s = {
        .stage = LIVE_RUNS,
        .mic = "Micr\u00f3fono anal\u00f3gico",
        .sink = "\u4f1a\u8bae\u5ba4\u626c\u58f0\u5668 with a \033[2J name that is not short",
        .name = "unecho (Micr\u00f3fono anal\u00f3gico)",
        .echo_db = 61.0f,
    };
    s.stats.frames = 1;
    s.stats.aligned = 1;
    s.stats.confidence = 0.9f;
    s.stats.delay_ms = 72.0f;
    s.stats.mic_now_db = -30.0f;
    s.stats.far_now_db = -15.0f;
    s.stats.out_now_db = -120.0f;
    return s;
}

static void eighty_columns(void **unused)
{
    (void)unused;
    char text[4096];
    const live_state s = running();
    assert_true(drawn(&s, 80, 24, text, sizeof(text)) > 0);
    plain(text);
    assert_string_equal(
        text, " Choose \"unecho (Micr\u00f3fono anal\u00f3gico)\" as microphone in your programs.\n"
              " microphone   \u2595█████████████             \u258f -30 dB  Micr\u00f3fono "
              "anal\u00f3gico\n"
              " loudspeaker  \u2595███████████████████▌      \u258f -15 dB  "
              "\u4f1a\u8bae\u5ba4\u626c\u58f0\u5668 with a ?[2J nam\n"
              " without echo \u2595                          \u258f silent  unecho "
              "(Micr\u00f3fono anal\u00f3gico)\n"
              " echo found 72 ms late\n"
              " echo 61 dB lower, delay 72 ms, clock drift +0 ppm\n"
              " Ctrl-C ends it.\n");
}

static void any_size(void **unused)
{
    (void)unused;
    const live_state states[] = {running(), {.stage = LIVE_NO_SERVER}};
    char text[8192];
    for (unsigned columns = 2; columns < 150; columns++)
        for (unsigned rows = 2; rows < 30; rows += 3) {
            const live_state *const s = &states[columns % 3 == 0];
            assert_true(drawn(s, columns, rows, text, sizeof(text)) > 0);
            plain(text);
            unsigned lines = 0;
            for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
                *end = '\0';
                wchar_t wide[256];
                const size_t n = mbstowcs(wide, line, 256);
                assert_true(n < 256);
                const int width = wcswidth(wide, n);
                assert_true(width >= 0 && (unsigned)width < columns);
                lines++;
            }
            assert_true(lines > 0 && lines < rows);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(eighty_columns),
        cmocka_unit_test(any_size),
    };
    return cmocka_run_group_tests_name("live_view", tests, set_up, tear_down);
}
