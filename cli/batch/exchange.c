#include "batch/exchange.h"

#include "transfer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- To the process --------------------------------------------------------------------- */

/* Comes first, then the texts, each with a zero at its end. */
struct request_head {
    size_t size; /* of the texts */
    unsigned lane;
};

/* The first letter of a text, as some may be missing. */
enum { IS_THERE = '+', IS_MISSING = '-' };

static void put_text(FILE *stream, const char *text)
{
    fputc(text ? IS_THERE : IS_MISSING, stream);
    fputs(text ? text : "", stream);
    fputc('\0', stream);
}

static const char *next_text(const char **at)
{
    const char *const text = *at;
    *at += strlen(text) + 1;
    return *text == IS_THERE ? text + 1 : NULL;
}

static void find_texts(struct request *request)
{
    const char *at = request->text;
    request->pair.mic = next_text(&at);
    request->pair.far = next_text(&at);
    request->pair.out = next_text(&at);
    request->pair.options = next_text(&at);
}

bool request_make(struct request *request, unsigned lane, const struct batch_pair *pair)
{
    *request = (struct request){.lane = lane, .pair.weight = pair->weight};
    FILE *stream = open_memstream(&request->text, &request->size);
    if (!stream)
        return false;
    put_text(stream, pair->mic);
    put_text(stream, pair->far);
    put_text(stream, pair->out);
    put_text(stream, pair->options);
    if (fclose(stream) != 0) {
        request_free(request);
        return false;
    }
    find_texts(request);
    return true;
}

void request_free(struct request *request)
{
    free(request->text);
    *request = (struct request){0};
}

bool request_send(int fd, const struct request *request)
{
    const struct request_head head = {.size = request->size, .lane = request->lane};
    return write_all(fd, &head, sizeof(head)) && write_all(fd, request->text, request->size);
}

bool request_receive(int fd, struct request *request)
{
    struct request_head head;
    *request = (struct request){0};
    if (!read_all(fd, &head, sizeof(head)))
        return false;
    request->lane = head.lane;
    request->size = head.size;
    request->text = malloc(head.size);
    if (!request->text || !read_all(fd, request->text, head.size)) {
        request_free(request);
        return false;
    }
    find_texts(request);
    return true;
}

/* ---- From the process ------------------------------------------------------------------- */

/* Before the line: a digit for the lane, and a letter for the kind. */
enum { HEAD = 2, LEAST_ROOM = 4096 };

bool answer_send(int fd, const struct answer *answer)
{
    const char head[HEAD] = {(char)('0' + answer->lane), answer->kind};
    return write_all(fd, head, HEAD) && write_all(fd, answer->line, answer->length);
}

static bool make_room(struct inbox *inbox)
{
    const size_t room = 2 * inbox->room + LEAST_ROOM;
    char *text;
    if (inbox->begin > 0) {
        inbox->end -= inbox->begin;
        memmove(inbox->text, inbox->text + inbox->begin, inbox->end);
        inbox->begin = 0;
    }
    if (inbox->room - inbox->end >= LEAST_ROOM)
        return true;
    text = realloc(inbox->text, room);
    if (!text)
        return false;
    inbox->text = text;
    inbox->room = room;
    return true;
}

bool inbox_read(struct inbox *inbox, int fd)
{
    ssize_t more;
    if (!make_room(inbox))
        return false;
    more = read(fd, inbox->text + inbox->end, inbox->room - inbox->end);
    if (more > 0)
        inbox->end += (size_t)more;
    return more > 0 || (more < 0 && errno == EINTR);
}

bool inbox_next(struct inbox *inbox, struct answer *answer)
{
    const char *const text = inbox->text + inbox->begin;
    const size_t length = inbox->end - inbox->begin;
    const char *const last = length > HEAD ? memchr(text + HEAD, '\n', length - HEAD) : NULL;
    if (!last)
        return false;
    answer->lane = (unsigned)(text[0] - '0');
    answer->kind = text[1];
    answer->line = text + HEAD;
    answer->length = (size_t)(last + 1 - answer->line);
    inbox->begin += HEAD + answer->length;
    return true;
}

void inbox_free(struct inbox *inbox)
{
    free(inbox->text);
    *inbox = (struct inbox){0};
}
