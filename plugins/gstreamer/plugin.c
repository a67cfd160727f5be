/*
 * The GStreamer plugin: `unecho`, with microphone and far end on two pads, and the pair `unechodsp`
 * and `unechoprobe` for pipelines that meet only in the air. docs/gstreamer.md is the manual.
 */
#include "elements.h"

#include "unecho.h"

#define PACKAGE "unecho"

#define TEXT_(x) #x
#define TEXT(x)  TEXT_(x)
#define VERSION                                                                                    \
    TEXT(UNECHO_VERSION_MAJOR) "." TEXT(UNECHO_VERSION_MINOR) "." TEXT(UNECHO_VERSION_PATCH)

static gboolean start(GstPlugin *plugin)
{
    return GST_ELEMENT_REGISTER(unecho, plugin) && GST_ELEMENT_REGISTER(unechodsp, plugin) &&
           GST_ELEMENT_REGISTER(unechoprobe, plugin);
}

GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, unecho, "Acoustic echo cancellation", start,
                  VERSION, "MIT/X11", "unecho", "unecho")
