#include "batch/plan.h"

#include "batch/folder.h"
#include "files/json.h"
#include "files/json_read.h"
#include "files/media.h"
#include "files/scratch.h"
#include "report.h"

#include <errno.h>
#include <sndfile.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Of headerless samples and of files that cannot be read: any number, the same on all machines. */
#define BYTES_PER_SECOND 32000.0

enum { MOST_MEMBERS = 8 };

static bool fail(void)
{
    report_error("temporary file: %s", strerror(errno));
    return false;
}

bool plan_open(struct plan *plan, struct shard *shard)
{
    *plan = (struct plan){.shard = shard, .spool = scratch_open(NULL)};
    return plan->spool != NULL;
}

/* ---- How long a pair is ----------------------------------------------------------------- */

static double bytes_of(const char *path)
{
    struct stat status;
    return path && stat(path, &status) == 0 ? (double)status.st_size : 0.0;
}

static double seconds_of(const char *path)
{
    SF_INFO info = {0};
    SNDFILE *file;
    double seconds = 0.0;
    if (!folder_has_file(path))
        return 0.0;
    file = sf_open(path, SFM_READ, &info);
    if (file && info.frames != SF_COUNT_MAX)
        seconds = (double)info.frames / info.samplerate;
    else if (media_is_known(path))
        seconds = media_seconds(path);
    if (file)
        sf_close(file);
    return seconds > 0.0 ? seconds : bytes_of(path) / BYTES_PER_SECOND;
}

/* ---- Writing and reading ---------------------------------------------------------------- */

static void put(FILE *stream, const char *key, const char *text)
{
    fprintf(stream, ", \"%s\": ", key);
    json_print_string(text, stream);
}

static bool keep_weight(struct plan *plan, double weight)
{
    if (plan->all == plan->weight_room) {
        const size_t room = 2 * plan->weight_room + 256;
        double *more = realloc(plan->weights, room * sizeof(*more));
        if (!more)
            return report_no_memory();
        plan->weights = more;
        plan->weight_room = room;
    }
    plan->weights[plan->all] = weight;
    return true;
}

bool plan_add(struct plan *plan, const struct batch_pair *pair)
{
    const bool is_shared = plan->shard->count > 1;
    const double weight = is_shared ? seconds_of(pair->mic) : bytes_of(pair->mic);
    if (is_shared && !keep_weight(plan, weight))
        return false;
    fprintf(plan->spool, "{\"weight\": %.3f", weight);
    put(plan->spool, "mic", pair->mic);
    put(plan->spool, "out", pair->out);
    if (pair->far)
        put(plan->spool, "far", pair->far);
    if (pair->options)
        fprintf(plan->spool, ", \"options\": %s", pair->options);
    fputs("}\n", plan->spool);
    plan->all++;
    plan->weight += weight;
    return !ferror(plan->spool) || fail();
}

/* ---- Shards ----------------------------------------------------------------------------- */

struct place {
    double weight;
    size_t index;
};

/* The longest first; equal ones in their order. */
static int compare(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (x->weight != y->weight)
        return x->weight < y->weight ? 1 : -1;
    return x->index < y->index ? -1 : 1;
}

static bool choose(struct plan *plan)
{
    struct place *places = malloc((plan->all + 1) * sizeof(*places));
    if (!places)
        return report_no_memory();
    for (size_t i = 0; i < plan->all; i++)
        places[i] = (struct place){plan->weights[i], i};
    qsort(places, plan->all, sizeof(*places), compare);
    plan->weight = 0.0;
    for (size_t i = 0; i < plan->all; i++) {
        if (shard_takes(plan->shard, places[i].weight)) {
            plan->count++;
            plan->weight += places[i].weight;
        } else {
            plan->weights[places[i].index] = -1.0;
        }
    }
    free(places);
    return true;
}

bool plan_complete(struct plan *plan)
{
    plan->count = plan->all;
    if (plan->shard->count > 1) {
        plan->count = 0;
        if (!choose(plan))
            return false;
    }
    plan->elsewhere = plan->all - plan->count;
    return (fflush(plan->spool) == 0 && scratch_rewind(plan->spool)) || fail();
}

bool plan_next(struct plan *plan, struct batch_pair *pair)
{
    struct json_member members[MOST_MEMBERS];
    const struct json_member *weight, *options;
    size_t count;
    do {
        errno = 0;
        if (getline(&plan->line, &plan->room, plan->spool) < 0) {
            if (errno)
                fail();
            return false;
        }
    } while (plan->weights && plan->weights[plan->next++] < 0.0);
    if (json_read_object(plan->line, members, MOST_MEMBERS, &count) != NULL)
        return false;
    weight = json_find(members, count, "weight");
    options = json_find(members, count, "options");
    *pair = (struct batch_pair){.mic = json_find_text(members, count, "mic"),
                                .far = json_find_text(members, count, "far"),
                                .out = json_find_text(members, count, "out"),
                                .options = options ? options->text : NULL,
                                .weight = weight ? weight->number : 0.0};
    return pair->mic && pair->out;
}

void plan_close(struct plan *plan)
{
    if (plan->spool)
        fclose(plan->spool);
    free(plan->weights);
    free(plan->line);
    *plan = (struct plan){0};
}
