/* Functions that a WebAssembly module exports. */
#ifndef UNECHO_WEB_EXPORT_H
#define UNECHO_WEB_EXPORT_H

#define EXPORT(result, name, ...)                                                                  \
    __attribute__((export_name(#name))) result web_##name(__VA_ARGS__);                            \
    result web_##name(__VA_ARGS__)

#endif
