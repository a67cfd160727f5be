/*
 * A GRU layer for training, forward and backward through time, for network.py. PyTorch's form:
 *     r = s(x_r + W_r h), z = s(x_z + W_z h), n = tanh(x_n + r (W_n h + b)), h' = (1 - z) n + z h
 *
 * x [T][B][3 H]: the inputs' products with their biases. W [3 H][H]. states [T + 1][B][H], of which
 * the first is the initial one. saved [T][B][4 H]: r, z, n and W_n h + b.
 */
#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static float sigmoid(float x)
{
    return 1.0f / (1.0f + expf(-x));
}

static float tangent(float x)
{
    const float e = expf(-2.0f * fabsf(x));
    return copysignf((1.0f - e) / (1.0f + e), x);
}

void gru_forward(int T, int B, int H, const float *x, const float *W, const float *b, float *states,
                 float *saved)
{
    float *const sums = malloc((size_t)B * 3 * H * sizeof *sums);
    for (int t = 0; t < T; t++, x += (size_t)B * 3 * H, saved += (size_t)B * 4 * H) {
        const float *const h = states + (size_t)t * B * H;
        float *const next = states + (size_t)(t + 1) * B * H;
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, B, 3 * H, H, 1, h, H, W, H, 0, sums,
                    3 * H);
        for (int i = 0; i < B; i++) {
            const float *const xi = x + (size_t)i * 3 * H, *const si = sums + (size_t)i * 3 * H;
            float *const kept = saved + (size_t)i * 4 * H;
            for (int j = 0; j < H; j++) {
                const float r = sigmoid(xi[j] + si[j]), z = sigmoid(xi[H + j] + si[H + j]);
                const float q = si[2 * H + j] + b[j], n = tangent(xi[2 * H + j] + r * q);
                kept[j] = r;
                kept[H + j] = z;
                kept[2 * H + j] = n;
                kept[3 * H + j] = q;
                next[(size_t)i * H + j] = n + z * (h[(size_t)i * H + j] - n);
            }
        }
    }
    free(sums);
}

/* gradient [T][B][H] of every output; dx [T][B][3 H], dW and db are written. */
void gru_backward(int T, int B, int H, const float *gradient, const float *W, const float *states,
                  const float *saved, float *dx, float *dW, float *db)
{
    const size_t step = (size_t)B * H;
    float *const sums = malloc(T * 3 * step * sizeof *sums), *const dh = calloc(step, sizeof *dh);
    for (int t = T - 1; t >= 0; t--) {
        const float *const h = states + t * step, *const d = gradient + t * step;
        float *const dxt = dx + t * 3 * step, *const dst = sums + t * 3 * step;
        for (int i = 0; i < B; i++) {
            const float *const kept = saved + t * 4 * step + (size_t)i * 4 * H;
            float *const xi = dxt + (size_t)i * 3 * H, *const si = dst + (size_t)i * 3 * H;
            for (int j = 0; j < H; j++) {
                const size_t at = (size_t)i * H + j;
                const float r = kept[j], z = kept[H + j], n = kept[2 * H + j], q = kept[3 * H + j];
                const float g = dh[at] + d[at], dn = g * (1 - z) * (1 - n * n);
                xi[j] = si[j] = dn * q * r * (1 - r);
                xi[H + j] = si[H + j] = g * (h[at] - n) * z * (1 - z);
                xi[2 * H + j] = dn;
                si[2 * H + j] = dn * r;
                dh[at] = g * z;
            }
        }
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, B, H, 3 * H, 1, dst, 3 * H, W, H, 1,
                    dh, H);
    }
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, 3 * H, H, T * B, 1, sums, 3 * H, states, H,
                0, dW, H);
    memset(db, 0, H * sizeof *db);
    for (size_t i = 0; i < (size_t)T * B; i++)
        for (int j = 0; j < H; j++)
            db[j] += sums[i * 3 * H + 2 * H + j];
    free(sums);
    free(dh);
}
