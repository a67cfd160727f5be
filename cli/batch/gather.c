#include "batch/gather.h"

#include "batch/folder.h"
#include "batch/manifest.h"
#include "batch/naming.h"
#include "batch/walk.h"
#include "files/format.h"
#include "files/media.h"
#include "interrupt.h"
#include "report.h"

#include <errno.h>
#include <glob.h>
#include <sndfile.h>
#include <stdlib.h>
#include <string.h>

struct list {
    char **names;
    size_t count;
};

struct gathering {
    const batch_options *options;
    const struct stat *out;
    struct plan *plan;
    struct gathered *result;
    struct naming naming;
    const char *prefix;   /* of the outputs' paths; "" for none */
    const char *base;     /* of a manifest's paths */
    const char *mic_root; /* while the far ends of equal names are visited */
    struct list folders, files;
    bool failed;
};

static bool no_memory(struct gathering *g)
{
    report_no_memory();
    g->failed = true;
    return false;
}

/* ---- Names of outputs ------------------------------------------------------------------- */

/* name with the ending that its output has. Freed by the caller. */
static char *output_name(const struct gathering *g, const char *name)
{
    const char *ending = g->options->ending;
    char *path;
    name += strspn(name, "/");
    if (!ending && media_is_known(name))
        ending = "wav";
    if (!ending)
        return folder_join(g->prefix, name);
    path = malloc(folder_stem(name) + strlen(ending) + 2);
    if (path) {
        char *joined;
        memcpy(path, name, folder_stem(name));
        path[folder_stem(name)] = '.';
        strcpy(path + folder_stem(name) + 1, ending);
        joined = folder_join(g->prefix, path);
        free(path);
        path = joined;
    }
    return path;
}

static bool add(struct gathering *g, const char *root, const char *name, const char *far)
{
    char *mic = folder_join(root, name), *out = output_name(g, name);
    const struct batch_pair pair = {.mic = mic, .far = far, .out = out};
    const bool done = mic && out ? plan_add(g->plan, &pair) : no_memory(g);
    g->failed = g->failed || !done;
    free(mic);
    free(out);
    return done;
}

/* ---- One file --------------------------------------------------------------------------- */

static void list_alone(void *user, const char *root, const char *name, const char *why)
{
    struct gathering *g = user;
    char *path = folder_join(root, name);
    g->result->alone++;
    /* Once for all shards. */
    if (path && g->plan->shard->index == 1)
        report_note("%s: left out: %s", path, why);
    free(path);
}

/* Of video, only decoding would tell. */
static bool may_hold_both(const struct gathering *g, const char *path)
{
    const audio_layout *layout = &g->options->process.ends.mic.layout;
    SF_INFO info = {0};
    SNDFILE *file;
    if (format_is_raw(path, layout->raw))
        return layout->channels >= 2;
    if (media_is_known(path))
        return true;
    file = sf_open(path, SFM_READ, &info);
    if (file)
        sf_close(file);
    return file && info.channels >= 2;
}

static bool add_by_role(struct gathering *g, const char *root, const char *name)
{
    char *far, *path;
    bool done = true;
    g->result->sounds++;
    switch (naming_find(&g->naming, root, name, &far)) {
    case NAMING_PAIR:
        done = far ? add(g, root, name, far) : no_memory(g);
        break;
    case NAMING_FAR:
        break;
    case NAMING_EITHER:
        path = folder_join(root, name);
        if (path && may_hold_both(g, path))
            done = add(g, root, name, NULL);
        else
            list_alone(g, root, name, "no file with its far end, and no second channel");
        free(path);
        break;
    case NAMING_ALONE:
        list_alone(g, root, name,
                   g->naming.pattern_count ? "no partner by the patterns" : "no partner");
        break;
    }
    free(far);
    return done;
}

static bool visit(void *user, const char *root, const char *name)
{
    return add_by_role(user, root, name);
}

static bool walk_root(struct gathering *g, const char *root, walk_visitor *visitor)
{
    const struct walk walk = {.root = root,
                              .left_out = g->out,
                              .raw = g->naming.raw,
                              .visit = visitor,
                              .leave = list_alone,
                              .user = g};
    g->result->complete = walk_run(&walk) && g->result->complete;
    return !g->failed;
}

/* ---- Folders of equal names ------------------------------------------------------------- */

struct comparison {
    struct gathering *g;
    const char *other;
    bool equal;
};

static bool compare(void *user, const char *root, const char *name)
{
    struct comparison *c = user;
    (void)root;
    c->equal = naming_has(&c->g->naming, c->other, name);
    return !c->equal;
}

/* Whether a file of the first folder has one of the same name in the second. */
static bool have_equal_names(struct gathering *g, const char *first, const char *second)
{
    struct comparison c = {.g = g, .other = second};
    const struct walk walk = {
        .root = first, .left_out = g->out, .raw = g->naming.raw, .visit = compare, .user = &c};
    walk_run(&walk);
    return c.equal;
}

static bool visit_far(void *user, const char *root, const char *name)
{
    struct gathering *g = user;
    if (!naming_has(&g->naming, g->mic_root, name))
        list_alone(g, root, name, "no microphone of that name");
    return !g->failed;
}

static bool is_named_far(const char *path)
{
    static const char *const words[] = {"far", "lpb", "ref", "loopback", "speaker", "play"};
    const char *slash = strrchr(path, '/');
    const char *name = slash && slash[1] ? slash + 1 : path;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strncmp(name, words[i], strlen(words[i])) == 0)
            return true;
    return false;
}

static bool add_equal_names(struct gathering *g)
{
    const char *mic = g->folders.names[0], *far = g->folders.names[1];
    if (is_named_far(mic) && !is_named_far(far)) {
        const char *first = mic;
        mic = far;
        far = first;
        report_note("%s contains the microphones, %s the far ends, by their names", mic, far);
    }
    g->naming.others = far;
    g->mic_root = mic;
    return walk_root(g, mic, visit) && walk_root(g, far, visit_far);
}

/* ---- Folders and files ------------------------------------------------------------------ */

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Each folder's outputs go to a folder of its name. */
static bool add_folder_apart(struct gathering *g, const char *root, size_t index)
{
    char *path = realpath(root, NULL);
    bool done;
    for (size_t i = 0; path && i < index; i++) {
        char *other = realpath(g->folders.names[i], NULL);
        const bool same = other && strcmp(last_part(other), last_part(path)) == 0;
        free(other);
        if (!same)
            continue;
        report_error("%s and %s have the same name, under which their outputs would go: rename one "
                     "of them, or run batch on the folder that contains them",
                     g->folders.names[i], root);
        free(path);
        return false;
    }
    if (!path)
        return no_memory(g);
    g->prefix = last_part(path);
    done = walk_root(g, root, visit);
    g->prefix = "";
    free(path);
    return done;
}

static bool add_folders(struct gathering *g)
{
    const size_t count = g->folders.count;
    bool done = true;
    if (count == 1 && g->files.count == 0)
        return walk_root(g, g->folders.names[0], visit);
    if (count == 2 && g->files.count == 0 && g->naming.pattern_count == 0 &&
        have_equal_names(g, g->folders.names[0], g->folders.names[1]))
        return add_equal_names(g);
    for (size_t i = 0; done && i < count; i++)
        done = add_folder_apart(g, g->folders.names[i], i);
    return done;
}

/* The length of the folder that all files have in common, with its slash. */
static size_t common_folder(const struct list *files)
{
    const char *first = files->names[0];
    size_t length = (size_t)(last_part(first) - first);
    for (size_t i = 1; i < files->count; i++) {
        while (length > 0 && strncmp(first, files->names[i], length) != 0) {
            length--;
            while (length > 0 && first[length - 1] != '/')
                length--;
        }
    }
    return length;
}

static bool add_files(struct gathering *g)
{
    char *root;
    size_t length;
    bool done = true;
    if (g->files.count == 0)
        return true;
    length = common_folder(&g->files);
    root = strndup(g->files.names[0], length);
    if (!root)
        return no_memory(g);
    for (size_t i = 0; done && i < g->files.count && !interrupted(); i++)
        if (!folder_holds_sound(g->files.names[i], g->naming.raw))
            list_alone(g, "", g->files.names[i], "no known ending of a sound file");
        else if (!folder_has_file(g->files.names[i]))
            list_alone(g, "", g->files.names[i], "not a regular file");
        else
            done = add_by_role(g, *root ? root : ".", g->files.names[i] + length);
    free(root);
    return done;
}

/* ---- A manifest ------------------------------------------------------------------------- */

/* Whether a part of the path leads out of the folder. */
static bool leads_up(const char *path)
{
    for (const char *at = strstr(path, ".."); at; at = strstr(at + 1, ".."))
        if ((at == path || at[-1] == '/') && (at[2] == '/' || at[2] == '\0'))
            return true;
    return false;
}

static const char *without_dots(const char *path)
{
    while (path[0] == '.' && path[1] == '/')
        path += 2 + strspn(path + 2, "/");
    return path;
}

static char *input_path(const struct gathering *g, const char *name)
{
    return name[0] == '/' ? strdup(name) : folder_join(g->base, name);
}

static bool add_row(void *user, const struct manifest_row *row)
{
    struct gathering *g = user;
    const char *mirrored = without_dots(row->mic);
    struct batch_pair pair = {.options = row->options};
    char *mic, *far, *out, *named;
    bool done;
    if (row->out && leads_up(row->out)) {
        report_error("%s: an output's path may not contain '..'", row->out);
        return false;
    }
    if (mirrored[0] == '/' || leads_up(mirrored))
        mirrored = last_part(mirrored);
    pair.mic = mic = input_path(g, row->mic);
    pair.far = far = row->far ? input_path(g, row->far) : NULL;
    named = row->out ? strdup(row->out) : output_name(g, mirrored);
    /* One output has one name. */
    pair.out = out = named ? folder_plain(named) : NULL;
    free(named);
    done = mic && out && (far || !row->far) ? plan_add(g->plan, &pair) : no_memory(g);
    free(mic);
    free(far);
    free(out);
    return done;
}

static bool add_manifest(struct gathering *g, const char *name)
{
    char *base = strndup(name, (size_t)(last_part(name) - name));
    bool done;
    if (!base)
        return no_memory(g);
    g->base = base;
    done = manifest_read(name, add_row, g);
    free(base);
    return done;
}

/* ---- What the command line names -------------------------------------------------------- */

/* Takes the name. */
static bool append(struct gathering *g, struct list *list, char *name)
{
    char **more = realloc(list->names, (list->count + 1) * sizeof(*more));
    if (!more || !name) {
        free(name);
        if (more)
            list->names = more;
        return no_memory(g);
    }
    list->names = more;
    list->names[list->count++] = name;
    return true;
}

/* A path that mirrors below the output folder. */
static char *plain_path(const char *word)
{
    const char *path = without_dots(word);
    return leads_up(path) ? folder_absolute(path) : strdup(path);
}

/* Its files would be their own far ends. */
static bool is_named_twice(const struct gathering *g, const struct stat *folder)
{
    struct stat other;
    for (size_t i = 0; i < g->folders.count; i++)
        if (stat(g->folders.names[i], &other) == 0 && other.st_dev == folder->st_dev &&
            other.st_ino == folder->st_ino)
            return true;
    return false;
}

static bool sort_in(struct gathering *g, const char *path)
{
    struct stat status;
    size_t length = strlen(path);
    if (stat(path, &status) != 0) {
        report_error("%s: %s", path, strerror(errno));
        return false;
    }
    if (!S_ISDIR(status.st_mode))
        return append(g, &g->files, plain_path(path));
    if (status.st_dev == g->out->st_dev && status.st_ino == g->out->st_ino) {
        report_error("%s: is the folder of the outputs, too; inputs are never overwritten", path);
        return false;
    }
    if (is_named_twice(g, &status)) {
        report_error("%s: this folder is named twice", path);
        return false;
    }
    while (length > 1 && path[length - 1] == '/')
        length--;
    return append(g, &g->folders, strndup(path, length));
}

/* A pattern that the shell left as it is: quoted, or for a system without a shell. */
static bool sort_in_matches(struct gathering *g, const char *pattern)
{
    glob_t found = {0};
    bool done = glob(pattern, 0, NULL, &found) == 0;
    if (!done)
        report_error("%s: there is no such file or folder", pattern);
    for (size_t i = 0; done && i < found.gl_pathc; i++)
        done = sort_in(g, found.gl_pathv[i]);
    globfree(&found);
    return done;
}

static bool sort_all_in(struct gathering *g)
{
    const struct arguments *arguments = g->options->arguments;
    bool done = true;
    for (size_t i = 0; done && i < arguments->count; i++) {
        const char *word = arguments->words[i];
        struct stat status;
        if (manifest_is(word)) {
            report_error("%s: a manifest must be the only input", word);
            return false;
        }
        done = stat(word, &status) == 0 ? sort_in(g, word) : sort_in_matches(g, word);
    }
    return done;
}

static void list_free(struct list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->names[i]);
    free(list->names);
}

bool gather_pairs(struct gathered *gathered, const batch_options *options, const struct stat *out,
                  struct plan *plan)
{
    const struct arguments *arguments = options->arguments;
    struct gathering g = {.options = options,
                          .out = out,
                          .plan = plan,
                          .result = gathered,
                          .naming = {.patterns = options->naming.patterns,
                                     .pattern_count = options->naming.count,
                                     .raw = options->process.ends.mic.layout.raw != RAW_NONE},
                          .prefix = ""};
    bool done;
    *gathered = (struct gathered){.complete = true};
    if (arguments->count == 1 && manifest_is(arguments->words[0]))
        done = add_manifest(&g, arguments->words[0]);
    else
        done = sort_all_in(&g) && add_folders(&g) && add_files(&g);
    naming_free(&g.naming);
    list_free(&g.folders);
    list_free(&g.files);
    return done && !g.failed;
}
