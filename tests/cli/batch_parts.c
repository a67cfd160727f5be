/*
 * What batch reads and computes for itself: JSON, tables with commas, hashes, patterns of names,
 * and what its processes tell each other.
 */
#include "../../cli/batch/content.h"
#include "../../cli/batch/csv.h"
#include "../../cli/batch/naming.h"
#include "../../cli/files/json.h"
#include "../../cli/files/json_read.h"
#include "../../cli/transfer.h"
#include "check.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 8 };

/* ---- JSON ------------------------------------------------------------------------------- */

static const char *read_object(const char *text, struct json_member *members, size_t *count)
{
    static char line[512];
    snprintf(line, sizeof(line), "%s", text);
    return json_read_object(line, members, MOST, count);
}

static void objects_are_read(void **state)
{
    struct json_member m[MOST];
    size_t count;
    (void)state;
    assert_null(read_object(" { } \n", m, &count));
    assert_int_equal(count, 0);
    assert_null(read_object("{\"a\": -1.5e2, \"b\": null, \"c\": true,\"d\":false,"
                            " \"e\" : \"x\\n\\u00e9\\ud83c\\udfa4\\udce9\","
                            " \"f\": [{\"g\": \"]\\\"\"}, 2], \"h\": 0}",
                            m, &count));
    assert_int_equal(count, 7);
    assert_true(m[0].type == JSON_NUMBER && m[0].number == -150.0);
    assert_int_equal(json_find(m, count, "b")->type, JSON_NULL);
    assert_int_equal(json_find(m, count, "c")->type, JSON_TRUE);
    assert_int_equal(json_find(m, count, "d")->type, JSON_FALSE);
    assert_string_equal(json_find_text(m, count, "e"), "x\n\xc3\xa9\xf0\x9f\x8e\xa4\xe9");
    assert_string_equal(json_find(m, count, "f")->text, "[{\"g\": \"]\\\"\"}, 2]");
    assert_null(json_find(m, count, "g"));
    assert_null(json_find_text(m, count, "a"));
}

static void other_texts_are_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        "[]",
        "{",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\": 1",
        "{\"a\": 1,}",
        "{\"a\": 1} x",
        "{\"a\": 01}",
        "{\"a\": 1.}",
        "{\"a\": .5}",
        "{\"a\": 1e}",
        "{\"a\": +1}",
        "{\"a\": nul}",
        "{\"a\": \"x}",
        "{\"a\": \"\\x\"}",
        "{\"a\": \"\\u12\"}",
        "{\"a\": \"\\u0000\"}",
        "{\"a\": \"\\ud83c\"}",
        "{\"a\": \"\\udc00\"}",
        "{\"a\": \"\t\"}",
        "{\"a\": [1}",
        "{\"a\": [1",
        "{\"a\": [\"}",
        "{\"a\": 1, \"a\": 2}",
        "{a: 1}",
        "{\"a\": [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}",
    };
    struct json_member m[MOST];
    size_t count;
    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        if (!read_object(wrong[i], m, &count))
            fail_msg("accepted: %s", wrong[i]);
}

/* All strings of two bytes survive, and what is written is ASCII or UTF-8. */
static void any_name_is_written_and_read_again(void **state)
{
    (void)state;
    for (unsigned code = 0x0101; code <= 0xffff; code++) {
        const char name[] = {(char)(code >> 8), (char)(code & 0xff), '\0'};
        char *text = NULL, *strings[1];
        size_t size, count;
        FILE *stream;
        if (code % 256 == 0)
            continue;
        stream = open_memstream(&text, &size);
        assert_non_null(stream);
        fputc('[', stream);
        json_print_string(name, stream);
        fputc(']', stream);
        fclose(stream);
        assert_null(json_read_strings(text, strings, 1, &count));
        assert_string_equal(strings[0], name);
        free(text);
    }
}

/* ---- Tables ----------------------------------------------------------------------------- */

static void tables_are_read(void **state)
{
    static const char text[] = "a,b\r\n\r\n\"x,\"\"y\nz\",\n,\"\"\nlast,1";
    static const char *const expected[][2] = {
        {"a", "b"}, {"x,\"y\nz", ""}, {"", ""}, {"last", "1"}};
    static const size_t lines[] = {1, 3, 5, 6};
    struct csv csv = {.file = fmemopen((void *)text, sizeof(text) - 1, "r")};
    (void)state;
    assert_non_null(csv.file);
    for (size_t i = 0; i < 4; i++) {
        assert_true(csv_next(&csv));
        assert_int_equal(csv.line, lines[i]);
        assert_int_equal(csv.count, 2);
        assert_string_equal(csv.values[0], expected[i][0]);
        assert_string_equal(csv.values[1], expected[i][1]);
    }
    assert_false(csv_next(&csv));
    assert_null(csv.fault);
    csv_free(&csv);
    fclose(csv.file);
}

/* ---- Contents --------------------------------------------------------------------------- */

/* It has the hash and the bytes of the file, unless that is empty or too long for it. */
static void check_loaded(const char *path, const void *bytes, size_t size, const char *hash)
{
    struct loaded_file file = {0};
    char text[CONTENT_TEXT] = "";
    assert_int_equal(content_load_file(text, &file, path, size), size > 0);
    if (size > 0) {
        assert_string_equal(text, hash);
        assert_int_equal(file.size, size);
        assert_memory_equal(file.bytes, bytes, size);
        assert_false(content_load_file(text, &file, path, size - 1));
    }
    loaded_file_free(&file);
}

static void hashes_are_those_of_xxh128sum(void **state)
{
    /* Sizes around its blocks and the reader's buffer; xxh128sum of zeros. */
    static const struct {
        size_t size;
        const char *hash;
    } known[] = {
        {0, "99aa06d3014798d86001c324468d497f"},     {1, "a6cd5e9392000f6ac44bdff4074eecdb"},
        {128, "d3c4f706d8fc547f093c29f27ecfcf21"},   {129, "5dc489d54b6d88d4dd4911635f2c7a91"},
        {240, "0550e1dd88b6c17ca499f0a80fd3850a"},   {241, "b9b45065a364c5b95c5b5d5d40c59ce3"},
        {1024, "0717191e67688313de5f15ab6daf7941"},  {1025, "29e523d2db09ee9d64ace6654784c523"},
        {65536, "fd5ee061c8433a0f33b202d302b65caa"}, {65664, "f9e6da805e5c116ec542c849cdc0e44b"},
        {200000, "259dc0dfa685d5c591c9851cfe25f231"}};
    static unsigned char zeros[200000];
    (void)state;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        char path[] = "/tmp/unecho-test-XXXXXX", text[CONTENT_TEXT], direct[CONTENT_TEXT];
        unsigned char digest[CONTENT_BYTES];
        const int fd = mkstemp(path);
        FILE *file = fdopen(fd, "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(zeros, 1, known[i].size, file), known[i].size);
        fclose(file);
        assert_true(content_hash_file(text, path));
        check_loaded(path, zeros, known[i].size, known[i].hash);
        remove(path);
        content_hash(digest, zeros, known[i].size);
        for (size_t k = 0; k < CONTENT_BYTES; k++)
            snprintf(direct + 2 * k, 3, "%02x", digest[k]);
        assert_string_equal(text, known[i].hash);
        assert_string_equal(direct, known[i].hash);
    }
    assert_false(content_hash_file((char[CONTENT_TEXT]){0}, "/nonexistent"));
}

/* ---- Patterns --------------------------------------------------------------------------- */

static void patterns_are_checked(void **state)
{
    static const struct naming_pattern fine[] = {
        {"*_mic.*", "*_far.*"}, {"near/*.wav", "far/*.flac"}, {"*/m_*.*", "*/f_*.*"}, {"*", "*x"}};
    static const struct naming_pattern wrong[] = {
        {"mic.wav", "far.wav"}, {"*_mic.*", "far.*"}, {"*.*", "*.*"}, {"*****a****", "*********"}};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        assert_null(naming_pattern_fault(&fine[i]));
        assert_non_null(naming_pattern_fault(&wrong[i]));
    }
}

/* ---- Between processes ------------------------------------------------------------------ */

enum { SENT = 1 << 20 };

static void on_alarm(int signal_number)
{
    (void)signal_number;
}

static noreturn void send_in_parts(int fd, const unsigned char *bytes)
{
    for (size_t at = 0; at < SENT; at += SENT / 64) {
        const struct timespec pause = {.tv_nsec = 1000000};
        nanosleep(&pause, NULL);
        if (!write_all(fd, bytes + at, SENT / 64))
            _exit(1);
    }
    _exit(0);
}

/* What comes in parts, between signals, arrives whole; more than that does not. */
static void all_of_it_is_transferred(void **state)
{
    static unsigned char sent[SENT], got[SENT];
    const struct itimerval often = {{0, 300}, {0, 300}}, never = {{0, 0}, {0, 0}};
    struct sigaction action = {0};
    unsigned char more;
    int fds[2], how = -1;
    (void)state;
    for (size_t i = 0; i < SENT; i++)
        sent[i] = (unsigned char)(i * 2654435761u >> 13);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    const pid_t child = fork();
    if (child == 0) {
        close(fds[0]);
        send_in_parts(fds[1], sent);
    }
    close(fds[1]);
    action.sa_handler = on_alarm; /* no SA_RESTART */
    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
    const bool whole = read_all(fds[0], got, SENT), beyond = read_all(fds[0], &more, 1);
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
    assert_true(whole);
    assert_false(beyond);
    assert_memory_equal(got, sent, SENT);
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_int_equal(how, 0);
    close(fds[0]);
    /* Nobody reads it. */
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    close(fds[0]);
    action.sa_handler = SIG_IGN;
    assert_int_equal(sigaction(SIGPIPE, &action, NULL), 0);
    assert_false(write_all(fds[1], sent, SENT));
    assert_int_equal(errno, EPIPE);
    close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_are_read),
        cmocka_unit_test(other_texts_are_refused),
        cmocka_unit_test(any_name_is_written_and_read_again),
        cmocka_unit_test(tables_are_read),
        cmocka_unit_test(hashes_are_those_of_xxh128sum),
        cmocka_unit_test(patterns_are_checked),
        cmocka_unit_test(all_of_it_is_transferred),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
