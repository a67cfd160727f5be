/* The elements of the plugin. */
#ifndef UNECHO_GST_ELEMENTS_H
#define UNECHO_GST_ELEMENTS_H

#include <gst/gst.h>

GST_ELEMENT_REGISTER_DECLARE(unecho)
GST_ELEMENT_REGISTER_DECLARE(unechodsp)
GST_ELEMENT_REGISTER_DECLARE(unechoprobe)

#endif
