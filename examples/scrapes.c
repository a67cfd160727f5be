#include "scrapes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* The longest metric of a call with its labels and value, and what else a piece takes. */
enum { LINE = 100, REST = 4096 };

static const char page[] = "HTTP/1.1 200 OK\r\n"
                           "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
                           "Connection: close\r\n\r\n";
static const char not_found[] = "HTTP/1.1 404 Not Found\r\n"
                                "Content-Type: text/plain; charset=utf-8\r\n"
                                "Connection: close\r\n\r\nThere is only /metrics.\n";

bool scrapes_open(scrapes *s, int epoll, const scrape_source *source)
{
    *s = (scrapes){.source = *source, .epoll = epoll};
    for (size_t i = 0; i < SCRAPES; i++) {
        scrape *const one = &s->all[i];
        one->fd = -1;
        one->text.size = REST + LINE * source->calls_limit;
        one->text.text = malloc(one->text.size);
        one->calls = calloc(source->calls_limit, sizeof *one->calls);
        if (!one->text.text || !one->calls)
            return false;
    }
    return true;
}

static void end(scrape *one)
{
    if (one->fd >= 0)
        close(one->fd);
    one->fd = -1;
}

void scrapes_close(scrapes *s)
{
    for (size_t i = 0; i < SCRAPES; i++) {
        end(&s->all[i]);
        free(s->all[i].text.text);
        free(s->all[i].calls);
    }
}

void scrapes_add(scrapes *s, int fd)
{
    scrape *const one = &s->all[s->next++ % SCRAPES];
    struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = one}};
    end(one);
    one->fd = fd;
    one->request_n = 0;
    one->answers = false;
    if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        end(one);
}

/* ---- The request ------------------------------------------------------------------------ */

/* Past `word`, if that is what the request goes on with. */
static bool skip(const char **request, const char *word)
{
    const size_t length = strlen(word);
    if (strncmp(*request, word, length) != 0)
        return false;
    *request += length;
    return true;
}

static void answer(scrapes *s, scrape *one)
{
    struct epoll_event event = {.events = EPOLLOUT, .data = {.ptr = one}};
    const char *rest = one->request;
    const bool head = skip(&rest, "HEAD ");
    /* A query asks for nothing that is not in the page. */
    const bool found =
        (head || skip(&rest, "GET ")) && skip(&rest, "/metrics") && (*rest == ' ' || *rest == '?');
    one->answers = true;
    one->piece = found && !head ? 0 : metrics_count() + 1;
    one->sent = 0;
    one->text.length =
        (size_t)snprintf(one->text.text, one->text.size, "%s", found ? page : not_found);
    if (found && !head)
        one->calls_n = s->source.calls(s->source.user, one->calls);
    if (epoll_ctl(s->epoll, EPOLL_CTL_MOD, one->fd, &event) != 0)
        end(one);
}

static void read_request(scrapes *s, scrape *one)
{
    const size_t room = sizeof one->request - 1 - one->request_n;
    const ssize_t n = recv(one->fd, one->request + one->request_n, room, 0);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n <= 0) {
        end(one);
        return;
    }
    one->request_n += (size_t)n;
    one->request[one->request_n] = '\0';
    if (strstr(one->request, "\r\n\r\n") || one->request_n == sizeof one->request - 1)
        answer(s, one);
}

/* ---- The page --------------------------------------------------------------------------- */

/* The server's own metrics, then those of the calls, one after the other. false: that was all. */
static bool next_piece(scrapes *s, scrape *one)
{
    one->sent = one->text.length = 0;
    if (one->piece == 0)
        s->source.server(s->source.user, &one->text);
    else if (one->piece <= metrics_count())
        metrics_of_calls(&one->text, one->piece - 1, one->calls, one->calls_n);
    else
        return false;
    one->piece++;
    return true;
}

static void write_more(scrapes *s, scrape *one)
{
    if (one->sent == one->text.length && !next_piece(s, one)) {
        end(one);
        return;
    }
    const ssize_t n =
        send(one->fd, one->text.text + one->sent, one->text.length - one->sent, MSG_NOSIGNAL);
    if (n > 0)
        one->sent += (size_t)n;
    else if (errno != EINTR && errno != EAGAIN)
        end(one);
}

void scrapes_step(scrapes *s, scrape *one)
{
    if (one->fd < 0)
        return;
    if (one->answers)
        write_more(s, one);
    else
        read_request(s, one);
}
