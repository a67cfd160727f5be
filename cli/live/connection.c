#include "live/connection.h"

#include "interrupt.h"
#include "progress.h"
#include "report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* How long the server may take to list what it has. */
#define PATIENCE_SECONDS 5.0

bool connection_begin(connection *s)
{
    *s = (connection){0};
    pw_init(NULL, NULL);
    /* What it warns of is not for users, and would go between the lines of the view. */
    if (!getenv("PIPEWIRE_DEBUG"))
        pw_log_set_level(SPA_LOG_LEVEL_ERROR);
    s->loop = pw_main_loop_new(NULL);
    if (!s->loop) {
        report_error("cannot start PipeWire's loop: %s", strerror(errno));
        return false;
    }
    pw_loop_enter(pw_main_loop_get_loop(s->loop));
    return true;
}

void connection_end(connection *s)
{
    pw_loop_leave(pw_main_loop_get_loop(s->loop));
    pw_main_loop_destroy(s->loop);
    pw_deinit();
}

void connection_wait(connection *s, int milliseconds)
{
    const double end = progress_now() + 1e-3 * milliseconds;
    double left = 1e-3 * milliseconds;
    while (left > 0.0 && !interrupted() && !s->lost) {
        pw_loop_iterate(pw_main_loop_get_loop(s->loop), (int)(1e3 * left) + 1);
        left = end - progress_now();
    }
}

static void on_done(void *data, uint32_t id, int seq)
{
    connection *const s = data;
    if (id == PW_ID_CORE && seq == s->awaited)
        s->awaited = 0;
}

static void on_error(void *data, uint32_t id, int seq, int res, const char *message)
{
    connection *const s = data;
    (void)seq;
    (void)message;
    if (id == PW_ID_CORE && res == -EPIPE)
        s->lost = true;
}

static const struct pw_core_events events = {
    PW_VERSION_CORE_EVENTS,
    .done = on_done,
    .error = on_error,
};

/* All that the server sends in answer to earlier requests comes before the end of this one. */
static bool catch_up(connection *s)
{
    const double end = progress_now() + PATIENCE_SECONDS;
    s->awaited = pw_core_sync(s->core, PW_ID_CORE, 0);
    while (s->awaited && !s->lost && !interrupted() && progress_now() < end)
        pw_loop_iterate(pw_main_loop_get_loop(s->loop), 100);
    return !s->awaited;
}

/* Before 1.4 clients that process sound had a file of their own. */
static const char *configuration(void)
{
    const char *const version = pw_get_library_version();
    char *end;
    const long major = strtol(version, &end, 10);
    const long minor = *end == '.' ? strtol(end + 1, NULL, 10) : 0;
    return major > 1 || (major == 1 && minor >= 4) ? "client.conf" : "client-rt.conf";
}

bool connection_open(connection *s)
{
    s->lost = false;
    s->context = pw_context_new(pw_main_loop_get_loop(s->loop),
                                pw_properties_new(PW_KEY_CONFIG_NAME, configuration(), NULL), 0);
    if (!s->context)
        return false;
    s->core =
        pw_context_connect(s->context, pw_properties_new(PW_KEY_APP_NAME, "unecho live", NULL), 0);
    if (s->core)
        pw_core_add_listener(s->core, &s->hook, &events, s);
    /* Twice: the first brings the metadata objects, the second what is in them. */
    if (s->core && graph_open(&s->graph, s->core) && catch_up(s) && catch_up(s))
        return true;
    connection_close(s);
    return false;
}

void connection_close(connection *s)
{
    graph_close(&s->graph);
    if (s->core) {
        spa_hook_remove(&s->hook);
        pw_core_disconnect(s->core);
    }
    if (s->context)
        pw_context_destroy(s->context);
    s->core = NULL;
    s->context = NULL;
}
