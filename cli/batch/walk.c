#include "batch/walk.h"

#include "batch/folder.h"
#include "interrupt.h"
#include "report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct state {
    const struct walk *walk;
    bool over, complete;
};

static void fail(struct state *s, const char *path, const char *why)
{
    report_error("%s: %s", path, why);
    s->complete = false;
}

static bool is_left_out(const struct state *s, const struct stat *status)
{
    const struct stat *out = s->walk->left_out;
    return out && out->st_dev == status->st_dev && out->st_ino == status->st_ino;
}

static void leave(const struct state *s, const char *name, const char *why)
{
    if (s->walk->leave)
        s->walk->leave(s->walk->user, s->walk->root, name, why);
}

static void look_at_file(struct state *s, const char *path, const char *name, bool is_link)
{
    struct stat status;
    const bool is_there = stat(path, &status) == 0;
    if (is_link && is_there && S_ISDIR(status.st_mode))
        leave(s, name, "a link to a folder: name it as an input");
    else if (!folder_holds_sound(name, s->walk->raw))
        return;
    else if (!is_there)
        leave(s, name, strerror(errno));
    else if (!S_ISREG(status.st_mode))
        leave(s, name, "not a regular file");
    else
        s->over = !s->walk->visit(s->walk->user, s->walk->root, name);
}

static void enter(struct state *s, const char *within);

static void look_at(struct state *s, const char *name)
{
    char *path = folder_join(s->walk->root, name);
    struct stat status;
    if (!path) {
        fail(s, name, "out of memory");
        return;
    }
    if (lstat(path, &status) != 0) {
        fail(s, path, strerror(errno));
    } else if (S_ISDIR(status.st_mode)) {
        if (!is_left_out(s, &status))
            enter(s, name);
    } else {
        look_at_file(s, path, name, S_ISLNK(status.st_mode));
    }
    free(path);
}

static void enter(struct state *s, const char *within)
{
    struct folder folder = {0};
    char *path = folder_join(s->walk->root, within);
    if (!path || !folder_read(&folder, *path ? path : "."))
        fail(s, path ? path : within, path ? strerror(errno) : "out of memory");
    for (size_t i = 0; i < folder.count && !s->over && !interrupted(); i++) {
        char *name = folder_join(within, folder.names[i]);
        if (name)
            look_at(s, name);
        else
            fail(s, folder.names[i], "out of memory");
        free(name);
    }
    folder_free(&folder);
    free(path);
}

bool walk_run(const struct walk *walk)
{
    struct state s = {.walk = walk, .complete = true};
    enter(&s, "");
    return s.complete;
}
