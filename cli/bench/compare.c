#include "bench/compare.h"

#include <math.h>

/* Mean power below which a signal counts as silent: -120 dB of full scale. */
#define SILENCE 1e-12

static enum verdict judge(double reference_power, double output_power, double snr_db,
                          double least_snr_db)
{
    if (!isfinite(reference_power) || reference_power < SILENCE)
        return VERDICT_NO_REFERENCE;
    if (!isfinite(output_power))
        return VERDICT_NOT_FINITE;
    if (output_power < SILENCE)
        return VERDICT_SILENT;
    return snr_db >= least_snr_db ? VERDICT_GOOD : VERDICT_OFF;
}

struct comparison compare_outputs(const float *reference, const float *output, size_t n,
                                  double least_snr_db)
{
    double reference_power = 0.0, output_power = 0.0, error_power = 0.0, most = 0.0;
    struct comparison c;
    for (size_t i = 0; i < n; i++) {
        const double r = (double)reference[i], o = (double)output[i], d = fabs(o - r);
        reference_power += r * r;
        output_power += o * o;
        error_power += d * d;
        most = d > most ? d : most;
    }
    /* One sample that is not finite makes the sum of squares so; the maximum would miss a NaN. */
    c.max_difference = isfinite(error_power) ? most : (double)NAN;
    c.snr_db = error_power > 0.0 ? 10.0 * log10(reference_power / error_power) : (double)INFINITY;
    c.verdict =
        judge(reference_power / (double)n, output_power / (double)n, c.snr_db, least_snr_db);
    return c;
}

struct comparison compare_worse(struct comparison a, struct comparison b)
{
    if (a.verdict != b.verdict)
        return a.verdict == VERDICT_GOOD ? b : a;
    struct comparison c = a;
    /* A NaN in either means that both are not finite. */
    c.max_difference = fmax(a.max_difference, b.max_difference);
    c.snr_db = fmin(a.snr_db, b.snr_db);
    return c;
}

const char *verdict_in_words(enum verdict verdict)
{
    switch (verdict) {
    case VERDICT_GOOD:
        return "";
    case VERDICT_NOT_FINITE:
        return "output is not finite";
    case VERDICT_SILENT:
        return "output is silent";
    case VERDICT_OFF:
        return "output is off";
    case VERDICT_UNSTEADY:
        return "output differs from round to round";
    case VERDICT_NO_REFERENCE:
        return "nothing to compare with: the reference's output is silent or not finite";
    }
    return "";
}
