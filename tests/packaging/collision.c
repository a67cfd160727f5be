/* A program outside the project whose functions have the names of two internal ones of unecho. */
#include <unecho.h>

static int calls;

int fifo_push(void);
int file_read(void);

int fifo_push(void)
{
    return ++calls;
}

int file_read(void)
{
    return ++calls;
}

/* Both are used where a stream at another sample rate runs and a model file is loaded. */
int main(int argc, char **argv)
{
    unecho *stream = NULL;
    unecho_model *model = NULL;
    unecho_config config;
    float mic[480] = {0}, far[480] = {0}, out[480];
    (void)argc;
    if (unecho_model_load(&model, argv[0], NULL, 0) == UNECHO_OK)
        return 1;
    unecho_config_init(&config);
    config.sample_rate = 48000;
    if (unecho_open(&stream, &config) < 0)
        return 1;
    for (int i = 0; i < 20; i++)
        if (unecho_process(stream, mic, far, out, 480) < 0)
            return 1;
    unecho_close(&stream);
    return calls != 0 || fifo_push() + file_read() != 3;
}
