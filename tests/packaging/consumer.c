/* A program outside the project: feeds a stream one hop of silence and tells the version. */
#include <stdio.h>
#include <string.h>
#include <unecho.h>

int main(void)
{
    unecho *stream = NULL;
    float mic[UNECHO_HOP] = {0}, out[UNECHO_HOP];
    int status = unecho_open(&stream, NULL);
    if (status < 0 || unecho_process(stream, mic, NULL, out, UNECHO_HOP) < 0)
        return 1;
    unecho_close(&stream);
    printf("%s\n", unecho_version());
    return strncmp(unecho_version(), "0.1.", 4) != 0;
}
