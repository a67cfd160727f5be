/*
 * A scheme is a pattern for each end: stars for what both have in common, and a word that tells the
 * ends apart. Names are compared without their endings.
 */
#include "batch/naming.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_STARS   8
#define LONGEST_PATH 4096

static const char *const mic_words[] = {"mic", "microphone", NULL};
static const char *const far_words[] = {"lpb",       "far",      "farend",  "ref",
                                        "reference", "loopback", "speaker", NULL};
/* % is the word. In the first ENDS the microphone may also do without it. */
static const char *const shapes[] = {"*_%",   "*.%", "*-%",   "%_*", "*/%_*", "%-*",
                                     "*/%-*", "%/*", "*/%/*", "%",   "*/%",   NULL};
enum { ENDS = 3 };
/* Small letters, a capital, all of them. */
enum { SPELLINGS = 3, LONGEST_WORD = 12 };

struct stars {
    size_t at[MOST_STARS], length[MOST_STARS], count;
};

/* Each star takes as much as it can. */
static bool match(const char *pattern, const char *text, size_t length, size_t at,
                  struct stars *stars)
{
    while (*pattern && *pattern != '*') {
        if (at == length || text[at] != *pattern)
            return false;
        pattern++;
        at++;
    }
    if (!*pattern)
        return at == length;
    if (stars->count == MOST_STARS)
        return false;
    const size_t star = stars->count++;
    for (size_t end = length + 1; end-- > at;) {
        stars->at[star] = at;
        stars->length[star] = end - at;
        stars->count = star + 1;
        if (match(pattern + 1, text, length, end, stars))
            return true;
    }
    return false;
}

static bool fill(char *to, const char *pattern, const char *text, const struct stars *stars)
{
    size_t length = 0, star = 0;
    for (; *pattern; pattern++) {
        const bool is_star = *pattern == '*' && star < stars->count;
        const char *part = is_star ? text + stars->at[star] : pattern;
        const size_t n = is_star ? stars->length[star] : 1;
        star += is_star;
        if (length + n >= LONGEST_PATH)
            return false;
        memcpy(to + length, part, n);
        length += n;
    }
    to[length] = '\0';
    return true;
}

/* The shape with the i-th spelling of the words in it. false: there are no more. */
static bool put_word(char *pattern, size_t size, const char *shape, const char *const *words,
                     size_t i)
{
    const char *const place = strchr(shape, '%'), *const word = words[i / SPELLINGS];
    const size_t capitals = i % SPELLINGS == 2 ? LONGEST_WORD : i % SPELLINGS;
    char spelled[LONGEST_WORD] = "";
    for (size_t k = 0; word && word[k]; k++)
        spelled[k] = (char)(k < capitals ? toupper((unsigned char)word[k]) : word[k]);
    snprintf(pattern, size, "%.*s%s%s", (int)(place - shape), shape, spelled, place + 1);
    return word != NULL;
}

/* ---- Looking into folders --------------------------------------------------------------- */

static const struct folder *look_into(struct naming *naming, const char *path)
{
    size_t i = 0;
    while (i < NAMING_FOLDERS && !(naming->paths[i] && strcmp(naming->paths[i], path) == 0))
        i++;
    if (i < NAMING_FOLDERS)
        return &naming->folders[i];
    i = naming->next++ % NAMING_FOLDERS;
    free(naming->paths[i]);
    folder_free(&naming->folders[i]);
    naming->paths[i] = strdup(path);
    (void)!folder_read(&naming->folders[i], path); /* of one that is not there: no names */
    return &naming->folders[i];
}

/* The path within root of a sound file whose path is stem but for the ending. NULL: there is none.
 */
static char *look_up(struct naming *naming, const char *root, const char *stem, const char *like)
{
    const char *slash = strrchr(stem, '/');
    const char *last = slash ? slash + 1 : stem;
    char *within = slash ? strndup(stem, (size_t)(slash - stem)) : strdup("");
    char *path = within ? folder_join(root, within) : NULL, *found = NULL;
    if (path && *last) {
        const char *name = folder_find(look_into(naming, *path ? path : "."), last, strlen(last),
                                       like, naming->raw);
        found = name ? folder_join(within, name) : NULL;
    }
    free(path);
    free(within);
    return found;
}

static bool is_there(const char *root, const char *name)
{
    char *path = folder_join(root, name);
    const bool there = path && access(path, R_OK) == 0;
    free(path);
    return there;
}

/* ---- The usual schemes ------------------------------------------------------------------ */

/* The far end that one of the words makes of a microphone's stars. */
static char *far_in_shape(struct naming *naming, const char *root, const char *name,
                          const char *shape, const struct stars *stars)
{
    char pattern[64], stem[LONGEST_PATH];
    char *found = NULL;
    for (size_t i = 0; !found && put_word(pattern, sizeof(pattern), shape, far_words, i); i++)
        if (fill(stem, pattern, name, stars))
            found = look_up(naming, root, stem, name);
    return found;
}

/* Whether the name has one of the words in that shape, and what its stars are then. */
static bool has_word(const char *name, const char *shape, const char *const *words,
                     struct stars *stars)
{
    char pattern[64];
    for (size_t i = 0; put_word(pattern, sizeof(pattern), shape, words, i); i++) {
        stars->count = 0;
        if (match(pattern, name, folder_stem(name), 0, stars))
            return true;
    }
    return false;
}

static char *usual_far_of(struct naming *naming, const char *root, const char *name)
{
    struct stars stars;
    char *found = NULL;
    for (size_t i = 0; shapes[i] && !found; i++)
        if (has_word(name, shapes[i], mic_words, &stars))
            found = far_in_shape(naming, root, name, shapes[i], &stars);
    stars = (struct stars){.length = {folder_stem(name)}, .count = 1};
    for (size_t i = 0; i < ENDS && !found; i++)
        found = far_in_shape(naming, root, name, shapes[i], &stars);
    return found;
}

/* Whether a microphone of that stem has this far end. */
static bool belongs_to(struct naming *naming, const char *root, const char *stem, const char *name)
{
    char *mic = look_up(naming, root, stem, name);
    char *far = mic ? usual_far_of(naming, root, mic) : NULL;
    const bool belongs = far && strcmp(far, name) == 0;
    free(mic);
    free(far);
    return belongs;
}

/* Whether the name is a far end's in this shape. *belongs: and its microphone is there. */
static bool is_usual_far(struct naming *naming, const char *root, const char *name, size_t shape,
                         bool *belongs)
{
    char pattern[64], stem[LONGEST_PATH];
    struct stars stars;
    if (!has_word(name, shapes[shape], far_words, &stars))
        return false;
    for (size_t i = 0; !*belongs && put_word(pattern, sizeof(pattern), shapes[shape], mic_words, i);
         i++)
        *belongs = fill(stem, pattern, name, &stars) && belongs_to(naming, root, stem, name);
    if (shape < ENDS && !*belongs)
        *belongs = fill(stem, "*", name, &stars) && belongs_to(naming, root, stem, name);
    return true;
}

static bool is_usual_mic(const char *name)
{
    struct stars stars;
    for (size_t i = 0; shapes[i]; i++)
        if (has_word(name, shapes[i], mic_words, &stars))
            return true;
    return false;
}

/* The path of a file within root that has the same name but for the ending. */
static char *find_equal(struct naming *naming, const char *root, const char *name)
{
    char stem[LONGEST_PATH];
    const size_t length = folder_stem(name);
    if (length >= sizeof(stem))
        return NULL;
    memcpy(stem, name, length);
    stem[length] = '\0';
    return look_up(naming, root, stem, name);
}

static enum naming_role find_usual(struct naming *naming, const char *root, const char *name,
                                   char **far, const char **far_root)
{
    bool is_far = false, belongs = false;
    for (size_t i = 0; shapes[i] && !belongs; i++)
        is_far = is_usual_far(naming, root, name, i, &belongs) || is_far;
    if (belongs)
        return NAMING_FAR;
    *far = usual_far_of(naming, root, name);
    if (*far)
        return NAMING_PAIR;
    if (naming->others) {
        *far = find_equal(naming, naming->others, name);
        *far_root = naming->others;
    }
    if (*far)
        return NAMING_PAIR;
    return is_far || is_usual_mic(name) ? NAMING_ALONE : NAMING_EITHER;
}

/* ---- Patterns of the user --------------------------------------------------------------- */

static bool ends_open(const char *pattern)
{
    const size_t length = strlen(pattern);
    return length >= 2 && strcmp(pattern + length - 2, ".*") == 0;
}

/* Without a last ".*", which stands for any ending. */
static void write_open(char *to, const char *pattern)
{
    const size_t length = strlen(pattern) - (ends_open(pattern) ? 2 : 0);
    memcpy(to, pattern, length);
    to[length] = '\0';
}

static size_t count_stars(const char *pattern)
{
    size_t count = ends_open(pattern) ? SIZE_MAX : 0;
    for (; *pattern; pattern++)
        count += *pattern == '*';
    return count;
}

const char *naming_pattern_fault(const struct naming_pattern *p)
{
    const size_t count = count_stars(p->mic);
    if (strlen(p->mic) >= LONGEST_PATH || strlen(p->far) >= LONGEST_PATH || count > MOST_STARS)
        return "too long";
    if (count == 0)
        return "a pattern needs a * for what the two names have in common";
    if (count != count_stars(p->far))
        return "both patterns need the same number of *, not counting a last .*";
    if (strcmp(p->mic, p->far) == 0)
        return "the two patterns are the same";
    return NULL;
}

/* The name of the other end; NULL: the name does not fit, or the other is not there. */
static char *other_end(struct naming *naming, const char *root, const char *name, const char *from,
                       const char *to, bool *fits)
{
    char pattern[LONGEST_PATH], other[LONGEST_PATH];
    struct stars stars = {.count = 0};
    const size_t length = ends_open(from) ? folder_stem(name) : strlen(name);
    write_open(pattern, from);
    if (!match(pattern, name, length, 0, &stars))
        return NULL;
    *fits = true;
    write_open(pattern, to);
    if (!fill(other, pattern, name, &stars))
        return NULL;
    if (ends_open(to))
        return look_up(naming, root, other, name);
    return is_there(root, other) ? strdup(other) : NULL;
}

static enum naming_role find_by_patterns(struct naming *naming, const char *root, const char *name,
                                         char **far)
{
    bool fits = false;
    for (size_t i = 0; i < naming->pattern_count; i++) {
        const struct naming_pattern *p = &naming->patterns[i];
        char *mic;
        *far = other_end(naming, root, name, p->mic, p->far, &fits);
        if (*far)
            return NAMING_PAIR;
        mic = other_end(naming, root, name, p->far, p->mic, &fits);
        free(mic);
        if (mic)
            return NAMING_FAR;
    }
    return NAMING_ALONE;
}

/* ---- Both ------------------------------------------------------------------------------- */

enum naming_role naming_find(struct naming *naming, const char *root, const char *name, char **far)
{
    const char *far_root = root;
    enum naming_role role;
    char *within = NULL;
    *far = NULL;
    role = naming->pattern_count ? find_by_patterns(naming, root, name, &within)
                                 : find_usual(naming, root, name, &within, &far_root);
    if (role != NAMING_PAIR)
        return role;
    *far = folder_join(far_root, within);
    free(within);
    return role;
}

bool naming_has(struct naming *naming, const char *root, const char *name)
{
    char *found = find_equal(naming, root, name);
    free(found);
    return found != NULL;
}

void naming_free(struct naming *naming)
{
    for (size_t i = 0; i < NAMING_FOLDERS; i++) {
        free(naming->paths[i]);
        folder_free(&naming->folders[i]);
    }
}
