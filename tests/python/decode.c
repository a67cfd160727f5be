/* decode IN OUT: any audio file to a WAV file of 16 bits, which Python reads without a library. */
#include <sndfile.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    SF_INFO info = {0};
    if (argc != 3)
        return 2;
    SNDFILE *const in = sf_open(argv[1], SFM_READ, &info);
    if (!in) {
        fprintf(stderr, "decode: %s: %s\n", argv[1], sf_strerror(NULL));
        return 1;
    }
    info.format = SF_FORMAT_WAV | SF_FORMAT_PCM_16;
    SNDFILE *const out = sf_open(argv[2], SFM_WRITE, &info);
    if (!out) {
        fprintf(stderr, "decode: %s: %s\n", argv[2], sf_strerror(NULL));
        sf_close(in);
        return 1;
    }
    enum { FRAMES = 4096 };
    short samples[FRAMES];
    sf_count_t n;
    int failed = 0;
    while (!failed && (n = sf_read_short(in, samples, FRAMES)) > 0)
        failed = sf_write_short(out, samples, n) != n;
    sf_close(in);
    return sf_close(out) != 0 || failed;
}
