#define _GNU_SOURCE
#include "live/chain.h"

#include "files/json.h"
#include "report.h"

#include <spa/utils/string.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void chain_name(chain *c, const char *mic)
{
    snprintf(c->name, sizeof(c->name), "unecho%s%s", mic ? "." : "", mic ? mic : "");
    snprintf(c->input, sizeof(c->input), "%s.in", c->name);
}

/* PipeWire's configuration language contains JSON. The plugin goes by its file's name, as its
 * folder is in LADSPA_PATH: not every release takes a path. */
static char *arguments(const chain *c, const char *label, const live_options *options,
                       unsigned reference_late_ms)
{
    char *text = NULL;
    size_t size;
    FILE *const out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    fputs("{ \"media.name\": \"unecho\", \"node.description\": ", out);
    json_print_string(c->description, out);
    fprintf(out, ", \"node.latency\": \"%d/48000\"", CHAIN_FRAMES);
    fputs(", \"filter.graph\": { \"nodes\": [ { \"type\": \"ladspa\", \"name\": \"ec\""
          ", \"label\": \"unecho_stereo\", \"plugin\": ",
          out);
    json_print_string(label, out);
    fprintf(out,
            ", \"control\": { \"Engine\": %d, \"Suppression\": %g, \"Noise reduction (dB)\": %u"
            ", \"Late reference (ms)\": %u } } ]",
            (int)options->engine, (double)options->suppression, options->noise_reduction_db,
            reference_late_ms);
    fputs(", \"inputs\": [ \"ec:Mic L\", \"ec:Mic R\", \"ec:Far L\", \"ec:Far R\" ]"
          ", \"outputs\": [ \"ec:Out L\" ] }",
          out);
    fputs(", \"capture.props\": { \"node.autoconnect\": false, \"node.passive\": true"
          ", \"audio.position\": [ \"AUX0\", \"AUX1\", \"AUX2\", \"AUX3\" ], \"node.name\": ",
          out);
    json_print_string(c->input, out);
    fputs(" }, \"playback.props\": { \"media.class\": \"Audio/Source\""
          ", \"audio.position\": [ \"MONO\" ], \"node.name\": ",
          out);
    json_print_string(c->name, out);
    fputs(" } }", out);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

static void on_destroy(void *data)
{
    chain *const c = data;
    spa_hook_remove(&c->hook);
    c->module = NULL;
}

static const struct pw_impl_module_events events = {
    PW_VERSION_IMPL_MODULE_EVENTS,
    .destroy = on_destroy,
};

bool chain_open(chain *c, struct pw_context *context, const char *plugin, const char *mic,
                const live_options *options, unsigned reference_late_ms)
{
    const char *const name = strrchr(plugin, '/') + 1;
    char *const folder = strndup(plugin, (size_t)(name - 1 - plugin));
    char *const label = strndup(name, strlen(name) - (spa_strendswith(name, ".so") ? 3 : 0));
    snprintf(c->description, sizeof(c->description), "unecho (%s)", mic);
    char *const args = label ? arguments(c, label, options, reference_late_ms) : NULL;
    if (folder && args && setenv("LADSPA_PATH", folder, 1) == 0)
        c->module = pw_context_load_module(context, "libpipewire-module-filter-chain", args, NULL);
    if (c->module)
        pw_impl_module_add_listener(c->module, &c->hook, &events, c);
    else
        report_error("cannot load PipeWire's filter-chain with %s: %s", plugin, strerror(errno));
    free(args);
    free(label);
    free(folder);
    return c->module != NULL;
}

void chain_close(chain *c)
{
    if (c->module)
        pw_impl_module_destroy(c->module);
}
