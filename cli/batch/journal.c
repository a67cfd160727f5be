/*
 * The table holds a hash of each output, and where its last line is: memory does not grow with what
 * is in the lines.
 */
#include "batch/journal.h"

#include "batch/content.h"
#include "batch/folder.h"
#include "files/json.h"
#include "files/json_read.h"
#include "files/output_file.h"
#include "report.h"
#include "transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define FIRST_NAME "unecho-batch"
#define LAST_NAME  ".jsonl"

enum { KEY = CONTENT_BYTES };

/* The streams stay open: closing any descriptor of a file would release its lock. */
struct journal_file {
    char *path;
    FILE *stream; /* for reading; appended to by its descriptor */
    uint64_t at;  /* of the line that is being read */
};

struct journal_entry {
    unsigned char key[KEY];
    double time;   /* of the last line; 0: there is none */
    uint32_t file; /* which has it */
    uint32_t length;
    uint64_t at; /* where it is; only for lines that were there when the journal was opened */
    bool used, begun, claimed;
};

static bool fail(const struct journal_file *file)
{
    report_error("%s: %s", file->path, strerror(errno));
    return false;
}

/* ---- The table -------------------------------------------------------------------------- */

static void make_key(unsigned char key[KEY], const char *out)
{
    content_hash(key, out, strlen(out));
}

/* The entry of that key, or the free one for it. */
static struct journal_entry *find(struct journal_entry *table, size_t room,
                                  const unsigned char *key)
{
    uint64_t at;
    memcpy(&at, key, sizeof(at));
    for (at %= room; table[at].used && memcmp(table[at].key, key, KEY) != 0;)
        at = (at + 1) % room;
    return &table[at];
}

static const struct journal_entry *look_up(const struct journal *j, const char *out)
{
    unsigned char key[KEY];
    const struct journal_entry *entry;
    if (j->room == 0)
        return NULL;
    make_key(key, out);
    entry = find(j->table, j->room, key);
    return entry->used ? entry : NULL;
}

static bool grow(struct journal *j)
{
    const size_t room = j->room ? 2 * j->room : 1024;
    struct journal_entry *table = calloc(room, sizeof(*table));
    if (!table)
        return report_no_memory();
    for (size_t i = 0; i < j->room; i++)
        if (j->table[i].used)
            *find(table, room, j->table[i].key) = j->table[i];
    free(j->table);
    j->table = table;
    j->room = room;
    return true;
}

/* NULL: out of memory, reported. */
static struct journal_entry *get(struct journal *j, const char *out)
{
    unsigned char key[KEY];
    struct journal_entry *entry;
    if (2 * (j->used + 1) > j->room && !grow(j))
        return NULL;
    make_key(key, out);
    entry = find(j->table, j->room, key);
    if (!entry->used) {
        memcpy(entry->key, key, KEY);
        entry->used = true;
        j->used++;
    }
    return entry;
}

/* ---- Reading ---------------------------------------------------------------------------- */

/* Whole lines from the stream's position on. false: the visitor said so, or failed, reported. */
typedef bool line_visitor(struct journal *j, uint32_t file, char *line, size_t length, void *user);

static bool each_line(struct journal *j, uint32_t number, line_visitor *visit, void *user)
{
    struct journal_file *file = &j->files[number];
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    bool done = true;
    file->at = 0;
    rewind(file->stream);
    while (done && (length = getline(&line, &room, file->stream)) > 0) {
        if (line[length - 1] == '\n')
            done = visit(j, number, line, (size_t)length, user);
        file->at += (uint64_t)length;
    }
    if (done && ferror(file->stream))
        done = fail(file);
    free(line);
    return done;
}

/* Takes what a line says; a damaged one says nothing. */
static bool take_line(struct journal *j, uint32_t number, char *line, size_t length, void *user)
{
    struct json_member members[JOURNAL_MEMBERS];
    const struct json_member *time;
    const char *out, *begun;
    struct journal_entry *entry;
    size_t count;
    (void)user;
    if (json_read_object(line, members, JOURNAL_MEMBERS, &count) != NULL)
        return true;
    out = json_find_text(members, count, "out");
    begun = json_find_text(members, count, "begun");
    time = json_find(members, count, "time");
    if (!out && !begun)
        return true;
    entry = get(j, out ? out : begun);
    if (!entry)
        return false;
    if (!out) {
        entry->begun = true;
    } else if (time && time->number >= entry->time) {
        entry->time = time->number;
        entry->file = number;
        entry->at = j->files[number].at;
        entry->length = (uint32_t)length;
        entry->begun = false;
    }
    return true;
}

/* ---- What interrupted runs left --------------------------------------------------------- */

/* Of another run, which is still at work if it holds its lock. */
static bool is_in_use(const struct journal_file *file)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return fcntl(fileno(file->stream), F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

static char *place_of(const struct journal *j, const char *out)
{
    return out[0] == '/' ? strdup(out) : folder_join(j->folder, out);
}

static bool clean_up(struct journal *j, uint32_t number, char *line, size_t length, void *user)
{
    struct json_member members[JOURNAL_MEMBERS];
    const struct journal_entry *entry;
    const char *begun;
    size_t count;
    char *path;
    (void)number;
    (void)length;
    (void)user;
    if (json_read_object(line, members, JOURNAL_MEMBERS, &count) != NULL)
        return true;
    begun = json_find_text(members, count, "begun");
    entry = begun ? look_up(j, begun) : NULL;
    if (!entry || !entry->begun)
        return true;
    path = place_of(j, begun);
    if (path)
        output_remove_leftovers(path);
    free(path);
    return true;
}

static bool clean_up_all(struct journal *j)
{
    bool any = false, done = true;
    for (size_t i = 0; i < j->room; i++)
        any = any || j->table[i].begun;
    for (uint32_t i = 0; any && done && i < j->file_count; i++)
        if (i + 1 == j->file_count || !is_in_use(&j->files[i]))
            done = each_line(j, i, clean_up, NULL);
    return done;
}

/* ---- Opening ---------------------------------------------------------------------------- */

static bool add_file(struct journal *j, const char *name, int flags)
{
    struct journal_file *more = realloc(j->files, (j->file_count + 1) * sizeof(*more)), *file;
    int fd;
    if (!more)
        return report_no_memory();
    j->files = more;
    file = &j->files[j->file_count];
    *file = (struct journal_file){.path = folder_join(j->folder, name)};
    if (!file->path)
        return report_no_memory();
    j->file_count++;
    fd = open(file->path, flags | O_CLOEXEC, 0666);
    file->stream = fd >= 0 ? fdopen(fd, "r") : NULL;
    return file->stream ? true : fail(file);
}

static bool is_journal(const char *name)
{
    const size_t length = strlen(name), last = strlen(LAST_NAME);
    return strncmp(name, FIRST_NAME, strlen(FIRST_NAME)) == 0 && length > last &&
           strcmp(name + length - last, LAST_NAME) == 0;
}

/* Those of other shards, and of runs with another number of them. */
static bool add_others(struct journal *j, const char *own)
{
    struct folder folder;
    bool done = folder_read(&folder, j->folder);
    if (!done)
        report_error("%s: %s", j->folder, strerror(errno));
    for (size_t i = 0; done && i < folder.count; i++)
        if (is_journal(folder.names[i]) && strcmp(folder.names[i], own) != 0)
            done = add_file(j, folder.names[i], O_RDONLY);
    folder_free(&folder);
    return done;
}

static bool lock(const struct journal_file *file)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(fileno(file->stream), F_SETLK, &lock) == 0)
        return true;
    /* Some network file systems have no locks. */
    if (errno != EACCES && errno != EAGAIN)
        return true;
    report_error("%s: another 'unecho batch' is at work on it", file->path);
    return false;
}

/* In one piece, which other processes do not tear apart. */
static bool append(const struct journal_file *file, const char *text, size_t length)
{
    return write_all(fileno(file->stream), text, length) || fail(file);
}

/* A run that was killed may have left half a line. */
static bool end_last_line(struct journal_file *file)
{
    char last = '\n';
    if (file->at > 0 && pread(fileno(file->stream), &last, 1, (off_t)file->at - 1) != 1)
        return fail(file);
    return last == '\n' || append(file, "\n", 1);
}

/* There may be more journals than the usual 1024 descriptors, which only the soft limit sets. */
static void allow_many_files(void)
{
    const rlim_t wanted = 2 * SHARDS_MOST;
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= wanted)
        return;
    files.rlim_cur = files.rlim_max < wanted ? files.rlim_max : wanted;
    setrlimit(RLIMIT_NOFILE, &files);
}

bool journal_open(struct journal *j, const char *folder, const struct shard *shard, bool writes)
{
    char own[64] = "";
    bool done;
    *j = (struct journal){.folder = strdup(folder)};
    if (!j->folder)
        return report_no_memory();
    allow_many_files();
    if (writes && shard->count == 1)
        snprintf(own, sizeof(own), FIRST_NAME LAST_NAME);
    else if (writes)
        snprintf(own, sizeof(own), FIRST_NAME ".%u-of-%u" LAST_NAME, shard->index, shard->count);
    done = add_others(j, own) && (!writes || (add_file(j, own, O_RDWR | O_CREAT | O_APPEND) &&
                                              lock(&j->files[j->file_count - 1])));
    for (uint32_t i = 0; done && i < j->file_count; i++)
        done = each_line(j, i, take_line, NULL);
    return done && (!writes || (end_last_line(&j->files[j->file_count - 1]) && clean_up_all(j)));
}

void journal_close(struct journal *j)
{
    for (size_t i = 0; i < j->file_count; i++) {
        if (j->files[i].stream)
            fclose(j->files[i].stream);
        free(j->files[i].path);
    }
    free(j->files);
    free(j->table);
    free(j->folder);
    *j = (struct journal){0};
}

/* ---- One output ------------------------------------------------------------------------- */

enum journal_state journal_state(const struct journal *j, const char *out)
{
    const struct journal_entry *entry = look_up(j, out);
    if (!entry || !(entry->begun || entry->time > 0.0))
        return JOURNAL_UNKNOWN;
    return entry->time > 0.0 ? JOURNAL_KNOWN : JOURNAL_BEGUN;
}

/* By pread: the processes of a run share the streams' positions. */
static char *read_line(const struct journal *j, const struct journal_entry *entry)
{
    const struct journal_file *file = &j->files[entry->file];
    char *line = malloc((size_t)entry->length + 1);
    if (!line || pread(fileno(file->stream), line, entry->length, (off_t)entry->at) !=
                     (ssize_t)entry->length) {
        free(line);
        return NULL;
    }
    line[entry->length] = '\0';
    return line;
}

char *journal_line(const struct journal *j, const char *out)
{
    const struct journal_entry *entry = look_up(j, out);
    return entry && entry->length ? read_line(j, entry) : NULL;
}

bool journal_claim(struct journal *j, const char *out, const char *mic)
{
    struct journal_entry *entry = get(j, out);
    if (!entry)
        return false;
    if (entry->claimed) {
        report_error("%s: its output, %s, is that of another pair, too; rename one of them, or "
                     "name its output in a manifest",
                     mic, out);
        return false;
    }
    entry->claimed = true;
    return true;
}

bool journal_begin(const struct journal *j, const char *out)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    bool done = stream != NULL;
    if (done) {
        fputs("{\"begun\": ", stream);
        json_print_string(out, stream);
        fputs("}\n", stream);
        done = fclose(stream) == 0;
    }
    done = done ? append(&j->files[j->file_count - 1], text, size) : report_no_memory();
    free(text);
    return done;
}

void journal_has_begun(struct journal *j, const char *out)
{
    struct journal_entry *entry = get(j, out);
    if (entry)
        entry->begun = true;
}

double journal_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

bool journal_record(struct journal *j, const char *out, double time, const char *line,
                    size_t length)
{
    struct journal_entry *entry = get(j, out);
    if (!entry || !append(&j->files[j->file_count - 1], line, length))
        return false;
    entry->file = (uint32_t)(j->file_count - 1);
    entry->time = time;
    return true;
}

/* ---- All of them ------------------------------------------------------------------------ */

struct visit {
    journal_visitor *visitor;
    void *user;
    bool all, over;
};

static bool visit_line(struct journal *j, uint32_t number, char *line, size_t length, void *user)
{
    struct visit *v = user;
    struct json_member members[JOURNAL_MEMBERS];
    const struct journal_entry *entry;
    const struct json_member *time;
    const char *out = NULL;
    size_t count = 0;
    char *copy = strdup(line);
    if (!copy)
        return report_no_memory();
    if (json_read_object(copy, members, JOURNAL_MEMBERS, &count) == NULL)
        out = json_find_text(members, count, "out");
    entry = out ? look_up(j, out) : NULL;
    time = json_find(members, count, "time");
    if (entry && time && entry->file == number && entry->time == time->number &&
        (v->all || entry->claimed))
        v->over = !v->visitor(v->user, line, length);
    free(copy);
    return !v->over;
}

bool journal_visit(struct journal *j, bool all, journal_visitor *visitor, void *user)
{
    struct visit v = {.visitor = visitor, .user = user, .all = all};
    bool done = true;
    for (uint32_t i = 0; done && i < j->file_count; i++)
        done = each_line(j, i, visit_line, &v) || v.over;
    return done;
}
