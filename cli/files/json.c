#include "files/json.h"

#include <stdbool.h>
#include <stddef.h>

/* Of the character of two to four bytes that begins here; 0: there is none. */
static size_t utf8_length(const unsigned char *c)
{
    static const struct {
        unsigned char mask, lead, lowest; /* of the second byte, after the leads that need it */
    } forms[] = {{0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0xa0}, {0xf8, 0xf0, 0x90}};
    for (size_t i = 0; i < 3; i++) {
        if ((c[0] & forms[i].mask) != forms[i].lead)
            continue;
        for (size_t k = 1; k <= i + 1; k++)
            if ((c[k] & 0xc0) != 0x80)
                return 0;
        const bool overlong =
            i == 0 ? c[0] < 0xc2 : (c[0] == forms[i].lead && c[1] < forms[i].lowest);
        const bool surrogate = c[0] == 0xed && c[1] >= 0xa0;
        const bool beyond = c[0] > 0xf4 || (c[0] == 0xf4 && c[1] >= 0x90);
        return overlong || surrogate || beyond ? 0 : i + 2;
    }
    return 0;
}

void json_print_string(const char *text, FILE *stream)
{
    fputc('"', stream);
    for (const char *c = text; *c; c++) {
        unsigned char byte = (unsigned char)*c;
        if (byte == '"' || byte == '\\')
            fprintf(stream, "\\%c", byte);
        else if (byte < 0x20)
            fprintf(stream, "\\u%04x", (unsigned)byte);
        else if (byte < 0x80)
            fputc(byte, stream);
        else {
            const size_t length = utf8_length((const unsigned char *)c);
            /* JSON is UTF-8; names of files need not be. */
            if (length == 0)
                fprintf(stream, "\\udc%02x", (unsigned)byte);
            else
                fwrite(c, 1, length, stream);
            c += length > 0 ? length - 1 : 0;
        }
    }
    fputc('"', stream);
}
