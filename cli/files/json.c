#include "files/json.h"

void json_print_string(const char *text, FILE *stream)
{
    fputc('"', stream);
    for (const char *c = text; *c; c++) {
        unsigned char byte = (unsigned char)*c;
        if (byte == '"' || byte == '\\')
            fprintf(stream, "\\%c", byte);
        else if (byte < 0x20)
            fprintf(stream, "\\u%04x", (unsigned)byte);
        else
            fputc(byte, stream);
    }
    fputc('"', stream);
}
