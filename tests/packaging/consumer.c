/* A program outside the project: processes one hop of silence and checks the version. */
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
    char version[32];
    snprintf(version, sizeof version, "%d.%d.%d", UNECHO_VERSION_MAJOR, UNECHO_VERSION_MINOR,
             UNECHO_VERSION_PATCH);
    printf("%s, built with %s\n", unecho_version(), version);
    return strcmp(unecho_version(), version) != 0;
}
