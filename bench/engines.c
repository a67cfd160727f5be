/*
 * Compares the three engines: on the bundled sample, in simulated rooms with the same two talkers
 * and, if UNECHO_REFERENCE is set, on real recordings. Alignment is on, as by default. Prints the
 * table of docs/linear.md.
 *
 *     bench_engines [PREFIX]      default: of each engine the model that it has by default
 */
#include "scene.h"
#include "transforms.h"
#include "unecho_model.h"

#include <stdio.h>
#include <stdlib.h>

/* Where each end talks in the bundled sample, in samples: samples/meeting.json. */
enum {
    FAR_FROM = 9600,
    FAR_TO = 143072,
    NEAR_FROM = 157472,
    NEAR_TO = 256704,
    BOTH_FROM = 271104,
    BOTH_TO = 387264,
};

/* On the microphone's timeline. */
static float *run(unecho_model *model, unecho_engine engine, const scene *s)
{
    unecho_config config;
    unecho_config_init(&config);
    config.model = model;
    config.engine = engine;
    unecho *stream = NULL;
    float *const out = malloc((s->count + 1) * sizeof *out);
    if (unecho_open(&stream, &config) < 0 ||
        unecho_process_whole(stream, s->mic, s->count, s->far, s->count, out, 0) < 0)
        exit(1);
    unecho_close(&stream);
    return out;
}

static void print_talk(const scene *s, const float *out)
{
    const double level = power_db(out + NEAR_FROM, NEAR_TO - NEAR_FROM) -
                         power_db(s->near + NEAR_FROM, NEAR_TO - NEAR_FROM);
    printf(" %.1f | %.1f | %.1f | %+.1f |\n", active_erle_db(s->mic, s->far, out, FAR_FROM, FAR_TO),
           si_sdr_db(out + BOTH_FROM, s->near + BOTH_FROM, BOTH_TO - BOTH_FROM),
           segmental_snr_db(s->near, out, BOTH_FROM, BOTH_TO), level);
}

/* erle_to: 0 if the near end is known, and with it who talks when. */
static void compare(unecho_model *model, const char *name, scene *s, size_t erle_to)
{
    static const char *const names[] = {
        [UNECHO_ENGINE_NEURAL] = "neural",
        [UNECHO_ENGINE_LINEAR] = "linear",
        [UNECHO_ENGINE_LINEAR_NEURAL] = "linear+neural",
    };
    if (erle_to == 0) {
        printf("| %s | microphone |", name);
        print_talk(s, s->mic);
    }
    for (size_t e = 0; e < sizeof names / sizeof *names; e++) {
        float *const out = run(model, (unecho_engine)e, s);
        printf("| %s | %s |", name, names[e]);
        if (erle_to == 0)
            print_talk(s, out);
        else
            printf(" %.1f | | | |\n", active_erle_db(s->mic, s->far, out, 0, erle_to));
        free(out);
    }
    free_scene(s);
}

/* The talkers of the sample in another room: echo and near end about equally loud. */
static scene simulated(double t60, uint32_t seed)
{
    signal_ far = read_sample("far"), near = read_sample("near");
    signal_ mic = room_echo(&far, t60, 0.5f, 40, seed);
    add_to(&mic, &near, 1.0f);
    add_hiss(&mic, 1e-3f, seed + 1);
    return scene_of(mic, far, near);
}

/* ERLE over the first seconds. */
static void compare_recording(unecho_model *model, const char *name, const char *label,
                              double seconds)
{
    signal_ mic, far;
    read_recording(name, &mic, &far);
    scene s = scene_of(mic, far, (signal_){0});
    const size_t most = (size_t)(seconds * (double)RATE);
    compare(model, label, &s, most < s.count ? most : s.count);
}

int main(int argc, char **argv)
{
    unecho_model *model = NULL;
    char message[UNECHO_MESSAGE_SIZE];
    if (argc > 1 && unecho_model_load(&model, argv[1], message, sizeof message) < 0) {
        fprintf(stderr, "%s\n", message);
        return 1;
    }
    puts("| | engine | ERLE | SI-SDR | segmental SNR | near end |\n"
         "|---|---|--:|--:|--:|--:|");
    scene sample = scene_of(read_sample("mic"), read_sample("far"), read_sample("near"));
    compare(model, "bundled sample", &sample, 0);
    static const double t60s[] = {0.2, 0.35, 0.5};
    for (uint32_t i = 0; i < 3; i++) {
        char name[32];
        snprintf(name, sizeof name, "room, T60 %.2f s", t60s[i]);
        scene s = simulated(t60s[i], 71 + 2 * i);
        compare(model, name, &s, 0);
    }
    if (reference_folder()) {
        compare_recording(model, "farend_singletalk", "farend_singletalk", 1e3);
        compare_recording(model, "theo", "theo", 1e3);
        compare_recording(model, "doubletalk", "doubletalk, first 4 s", 4.0);
        compare_recording(model, "doubletalk", "doubletalk, all", 1e3);
    }
    unecho_model_unref(&model);
    return 0;
}
