#include "batch/shard.h"

#include "report.h"

#include <stdlib.h>
#include <string.h>

/* A number without sign and blanks. */
static bool parse(const char *text, const char *end, unsigned long *number)
{
    char *after;
    if (!text || *text < '0' || *text > '9')
        return false;
    *number = strtoul(text, &after, 10);
    return after == (end ? end : text + strlen(text));
}

static bool set(struct shard *shard, unsigned long index, unsigned long count, const char *from)
{
    if (index < 1 || index > count || count > SHARDS_MOST)
        return false;
    shard->index = (unsigned)index;
    shard->count = (unsigned)count;
    shard->from = from;
    return true;
}

bool shard_parse(struct shard *shard, const char *text)
{
    const char *slash = strchr(text, '/');
    unsigned long index, count;
    return slash && parse(text, slash, &index) && parse(slash + 1, NULL, &count) &&
           set(shard, index, count, NULL);
}

static const char *from_environment(const char *name)
{
    const char *text = getenv(name);
    return text && *text ? text : NULL;
}

/* Task IDs may begin anywhere and leave some out. */
static bool take_slurm(struct shard *shard)
{
    unsigned long id, lowest, count, step = 1;
    const char *step_text = from_environment("SLURM_ARRAY_TASK_STEP");
    return parse(from_environment("SLURM_ARRAY_TASK_ID"), NULL, &id) &&
           parse(from_environment("SLURM_ARRAY_TASK_MIN"), NULL, &lowest) &&
           parse(from_environment("SLURM_ARRAY_TASK_COUNT"), NULL, &count) &&
           (!step_text || parse(step_text, NULL, &step)) && step > 0 && id >= lowest &&
           set(shard, (id - lowest) / step + 1, count, "Slurm's array");
}

static bool take_kubernetes(struct shard *shard)
{
    unsigned long index, count;
    return parse(from_environment("JOB_COMPLETION_INDEX"), NULL, &index) &&
           parse(from_environment("UNECHO_SHARDS"), NULL, &count) &&
           set(shard, index + 1, count, "Kubernetes' Indexed Job");
}

bool shard_choose(struct shard *shard, const char *text)
{
    const char *said = from_environment("UNECHO_SHARD");
    const char *index = from_environment("JOB_COMPLETION_INDEX");
    const char *count = from_environment("UNECHO_SHARDS");
    *shard = (struct shard){.index = 1, .count = 1};
    if (text)
        return shard_parse(shard, text); /* the options were checked */
    if (said) {
        if (shard_parse(shard, said)) {
            shard->from = "UNECHO_SHARD";
            return true;
        }
        report_error("UNECHO_SHARD is '%s'; expected I/N, such as 2/8, with N up to %d", said,
                     SHARDS_MOST);
        return false;
    }
    if (from_environment("SLURM_ARRAY_TASK_ID") && !take_slurm(shard)) {
        report_error("Slurm's array cannot be used: SLURM_ARRAY_TASK_ID, _MIN, _COUNT and _STEP do "
                     "not fit together, as in a list of single IDs; use --array=1-N, or --shard");
        return false;
    }
    if (shard->from || !index || take_kubernetes(shard))
        return true;
    if (count)
        report_error("UNECHO_SHARDS is '%s', which does not fit JOB_COMPLETION_INDEX '%s', counted "
                     "from 0: set it to the job's completions, at most %d, or use --shard",
                     count, index, SHARDS_MOST);
    else
        report_error("JOB_COMPLETION_INDEX is set, but Kubernetes does not tell how many there "
                     "are: set UNECHO_SHARDS to the job's completions, or use --shard");
    return false;
}

bool shard_takes(struct shard *shard, double seconds)
{
    unsigned least = 0;
    for (unsigned i = 1; i < shard->count; i++)
        if (shard->loads[i] < shard->loads[least])
            least = i;
    shard->loads[least] += seconds;
    return least + 1 == shard->index;
}
