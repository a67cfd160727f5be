#include "batch/plan.h"

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
    SNDFILE *file = sf_open(path, SFM_READ, &info);
    double seconds = 0.0;
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

bool plan_add(struct plan *plan, const struct batch_pair *pair)
{
    const bool shared_out = plan->shard->count > 1;
    const double weight = shared_out ? seconds_of(pair->mic) : bytes_of(pair->mic);
    if (shared_out && !shard_takes(plan->shard, weight)) {
        plan->elsewhere++;
        return true;
    }
    fprintf(plan->spool, "{\"weight\": %.3f", weight);
    put(plan->spool, "mic", pair->mic);
    put(plan->spool, "out", pair->out);
    if (pair->far)
        put(plan->spool, "far", pair->far);
    if (pair->options)
        fprintf(plan->spool, ", \"options\": %s", pair->options);
    fputs("}\n", plan->spool);
    plan->count++;
    plan->weight += weight;
    return !ferror(plan->spool) || fail();
}

bool plan_rewind(struct plan *plan)
{
    return (fflush(plan->spool) == 0 && scratch_rewind(plan->spool)) || fail();
}

bool plan_next(struct plan *plan, struct batch_pair *pair)
{
    struct json_member members[MOST_MEMBERS];
    const struct json_member *weight, *options;
    size_t count;
    errno = 0;
    if (getline(&plan->line, &plan->room, plan->spool) < 0) {
        if (errno)
            fail();
        return false;
    }
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
    free(plan->line);
    *plan = (struct plan){0};
}
