#include "files/json.h"

#include <stdint.h>

/* The length of the UTF-8 sequence at text; 0: it is none. */
static size_t sequence_length(const unsigned char *text)
{
    const unsigned char lead = text[0];
    const size_t length = lead < 0x80                    ? 1
                          : lead >= 0xc2 && lead <= 0xdf ? 2
                          : lead >= 0xe0 && lead <= 0xef ? 3
                          : lead >= 0xf0 && lead <= 0xf4 ? 4
                                                         : 0;
    for (size_t i = 1; i < length; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    /* Overlong, surrogates, beyond Unicode. */
    if ((lead == 0xe0 && text[1] < 0xa0) || (lead == 0xed && text[1] > 0x9f) ||
        (lead == 0xf0 && text[1] < 0x90) || (lead == 0xf4 && text[1] > 0x8f))
        return 0;
    return length;
}

void json_print_string(const char *text, FILE *stream)
{
    const unsigned char *byte = (const unsigned char *)text;
    fputc('"', stream);
    while (*byte) {
        const size_t length = sequence_length(byte);
        if (*byte == '"' || *byte == '\\')
            fprintf(stream, "\\%c", *byte);
        else if (*byte < 0x20)
            fprintf(stream, "\\u%04x", (unsigned)*byte);
        else if (length == 0)
            fprintf(stream, "\\udc%02x", (unsigned)*byte);
        else
            fwrite(byte, 1, length, stream);
        byte += length ? length : 1;
    }
    fputc('"', stream);
}
