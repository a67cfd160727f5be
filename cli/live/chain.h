/*
 * The virtual microphone: PipeWire's filter-chain with the LADSPA plugin, in this process. Its
 * inputs are linked by others.
 */
#ifndef UNECHO_CLI_LIVE_CHAIN_H
#define UNECHO_CLI_LIVE_CHAIN_H

#include "live/live.h"

#include <pipewire/impl.h>
#include <pipewire/pipewire.h>

/* The order of its inputs. */
enum { CHAIN_MIC, CHAIN_FAR = 2, CHAIN_INPUTS = 4 };

/* Frames at 48 kHz in a cycle that it asks for. */
enum { CHAIN_FRAMES = 512 };

typedef struct chain {
    struct pw_impl_module *module; /* NULL: it is gone */
    struct spa_hook hook;
    char name[256];        /* of the virtual microphone's node */
    char input[264];       /* of the node that takes the inputs */
    char description[288]; /* what users call the virtual microphone */
} chain;

/* Names for a canceller of that microphone; NULL: of whichever is the default. */
void chain_name(chain *c, const char *mic);

/* Make it; mic: what users call the microphone, plugin: its path. false: reported. */
bool chain_open(chain *c, struct pw_context *context, const char *plugin, const char *mic,
                const live_options *options, unsigned reference_late_ms);
void chain_close(chain *c);

#endif
