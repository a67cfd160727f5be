#include "batch/folder.h"

#include "files/format.h"
#include "files/media.h"
#include "report.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static int is_shown(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Not by locale: the shards of several machines must see the same order. */
static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

bool folder_read(struct folder *folder, const char *path)
{
    struct dirent **entries = NULL;
    const int count = scandir(path, &entries, is_shown, NULL);
    bool done = count >= 0;
    *folder = (struct folder){0};
    if (!done)
        return false;
    folder->names = malloc(((size_t)count + 1) * sizeof(*folder->names));
    for (int i = 0; i < count; i++) {
        char *name = folder->names ? strdup(entries[i]->d_name) : NULL;
        if (name)
            folder->names[folder->count++] = name;
        free(entries[i]);
    }
    free(entries);
    done = folder->names && folder->count == (size_t)count;
    if (done)
        qsort(folder->names, folder->count, sizeof(*folder->names), compare);
    errno = done ? errno : ENOMEM;
    return done;
}

void folder_free(struct folder *folder)
{
    for (size_t i = 0; i < folder->count; i++)
        free(folder->names[i]);
    free(folder->names);
    *folder = (struct folder){0};
}

bool folder_holds_sound(const char *name, bool raw)
{
    const char *dot = strrchr(name, '.');
    return format_ending_is_known(name) || media_is_known(name) ||
           (raw && dot && (strcasecmp(dot, ".raw") == 0 || strcasecmp(dot, ".pcm") == 0));
}

size_t folder_stem(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    return dot && dot > name ? (size_t)(dot - path) : strlen(path);
}

/* The first name that is not before stem and a dot. */
static size_t first_from(const struct folder *folder, const char *stem, size_t length)
{
    size_t low = 0, high = folder->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const char *name = folder->names[middle];
        int order = strncmp(name, stem, length);
        if (order == 0)
            order = (unsigned char)name[length] < '.' ? -1 : 0;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const char *folder_find(const struct folder *folder, const char *stem, size_t length,
                        const char *like, bool raw)
{
    const char *found = NULL;
    for (size_t i = first_from(folder, stem, length); i < folder->count; i++) {
        const char *name = folder->names[i];
        if (strncmp(name, stem, length) != 0 || name[length] != '.')
            break;
        if (folder_stem(name) != length || !folder_holds_sound(name, raw))
            continue;
        if (strcmp(name + length, like + folder_stem(like)) == 0)
            return name;
        if (!found)
            found = name;
    }
    return found;
}

char *folder_join(const char *a, const char *b)
{
    const size_t length = strlen(a);
    const bool bare = length == 0 || strcmp(a, ".") == 0;
    char *path = malloc(length + strlen(b) + 2);
    if (!path)
        return NULL;
    path[0] = '\0';
    if (!bare)
        strcat(strcpy(path, a), a[length - 1] == '/' ? "" : "/");
    return strcat(path, b);
}

char *folder_plain(const char *path)
{
    char *plain = malloc(strlen(path) + 1), *to = plain;
    if (plain && *path == '/')
        *to++ = '/';
    while (plain && *(path += strspn(path, "/"))) {
        const size_t length = strcspn(path, "/");
        if (length > 1 || *path != '.') {
            if (to > plain && to[-1] != '/')
                *to++ = '/';
            memcpy(to, path, length);
            to += length;
        }
        path += length;
    }
    if (plain)
        *to = '\0';
    return plain;
}

char *folder_absolute(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    char *folder = slash ? strndup(path, (size_t)(name - path)) : strdup(".");
    char *real = folder ? realpath(folder, NULL) : NULL;
    char *whole = real ? folder_join(real, name) : NULL;
    free(folder);
    free(real);
    return whole;
}

bool folder_has_file(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

bool folder_make_for(const char *path)
{
    char *part = strdup(path);
    bool done = part != NULL;
    for (char *slash = part ? strchr(part + 1, '/') : NULL; done && slash;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        done = mkdir(part, 0777) == 0 || errno == EEXIST;
        if (!done)
            report_error("%s: cannot make this folder: %s", part, strerror(errno));
        *slash = '/';
    }
    if (!part)
        report_no_memory();
    free(part);
    return done;
}
