/*
 * A GRU layer for training, forward and backward through time, for network.py. PyTorch's form:
 *     r = s(x_r + W_r h), z = s(x_z + W_z h), n = tanh(x_n + r (W_n h + b)), h' = (1 - z) n + z h
 *
 * x [T][B][3 H]: the inputs' products without their biases bx. W [3 H][H]. states [T + 1][B][H], of
 * which the first is the initial one. saved [T][B][4 H]: r, z, n and W_n h + b.
 *
 * Where the processor multiplies tiles of bfloat16 (AMX), the factors of all products are such, and
 * sums are floats; else they are floats, too.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef __AMX_BF16__
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef uint16_t element;

static float value(element x)
{
    const uint32_t bits = (uint32_t)x << 16;
    float y;
    memcpy(&y, &bits, sizeof y);
    return y;
}

static element rounded(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return (element)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

enum { ROWS = 16, DEPTH = 32, TILE = ROWS * DEPTH };

int gru_prepare(void)
{
    enum { ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18 };
    return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
}

static void configure(void)
{
    struct {
        uint8_t palette, start, reserved[14];
        uint16_t bytes[16];
        uint8_t rows[16];
    } tiles = {.palette = 1};
    for (int i = 0; i < 8; i++) {
        tiles.bytes[i] = 64;
        tiles.rows[i] = ROWS;
    }
    _tile_loadconfig(&tiles);
}

/* B [K][N], element (k, n) at W[k * down + n * right], as tiles [N / 16][K / 32]. */
static element *packed(const float *W, int K, int N, size_t down, size_t right)
{
    element *const tiles = aligned_alloc(64, (size_t)K * N * sizeof *tiles);
    for (int n = 0; n < N; n++)
        for (int k = 0; k < K; k++)
            tiles[((size_t)(n / ROWS) * (K / DEPTH) + k / DEPTH) * TILE + k % DEPTH / 2 * DEPTH +
                  n % ROWS * 2 + k % 2] = rounded(W[k * down + n * right]);
    return tiles;
}

/* y [M][N] := x [M][K] B, or += that; M, N and K are multiples of 32. */
static void product(float *y, const element *x, const element *B, int M, int N, int K, int add)
{
    const size_t step = (size_t)(K / DEPTH) * TILE;
    for (int n = 0; n < N; n += 2 * ROWS)
        for (int m = 0; m < M; m += 2 * ROWS) {
            float *const y0 = y + (size_t)m * N + n, *const y1 = y0 + (size_t)ROWS * N;
            if (add) {
                _tile_loadd(0, y0, N * sizeof *y);
                _tile_loadd(1, y0 + ROWS, N * sizeof *y);
                _tile_loadd(2, y1, N * sizeof *y);
                _tile_loadd(3, y1 + ROWS, N * sizeof *y);
            } else {
                _tile_zero(0);
                _tile_zero(1);
                _tile_zero(2);
                _tile_zero(3);
            }
            const element *const x0 = x + (size_t)m * K, *const x1 = x0 + (size_t)ROWS * K;
            const element *const b0 = B + n / ROWS * step, *const b1 = b0 + step;
            for (int k = 0; k < K / DEPTH; k++) {
                _tile_loadd(4, x0 + k * DEPTH, K * sizeof *x);
                _tile_loadd(5, x1 + k * DEPTH, K * sizeof *x);
                _tile_loadd(6, b0 + (size_t)k * TILE, DEPTH * sizeof *B);
                _tile_loadd(7, b1 + (size_t)k * TILE, DEPTH * sizeof *B);
                _tile_dpbf16ps(0, 4, 6);
                _tile_dpbf16ps(1, 4, 7);
                _tile_dpbf16ps(2, 5, 6);
                _tile_dpbf16ps(3, 5, 7);
            }
            _tile_stored(0, y0, N * sizeof *y);
            _tile_stored(1, y0 + ROWS, N * sizeof *y);
            _tile_stored(2, y1, N * sizeof *y);
            _tile_stored(3, y1 + ROWS, N * sizeof *y);
        }
}

#else
#include <cblas.h>

typedef float element;

static float value(element x)
{
    return x;
}

static element rounded(float x)
{
    return x;
}

int gru_prepare(void)
{
    return 1;
}

static void configure(void)
{
}

static element *packed(const float *W, int K, int N, size_t down, size_t right)
{
    element *const B = malloc((size_t)K * N * sizeof *B);
    for (int k = 0; k < K; k++)
        for (int n = 0; n < N; n++)
            B[(size_t)k * N + n] = W[k * down + n * right];
    return B;
}

static void product(float *y, const element *x, const element *B, int M, int N, int K, int add)
{
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, M, N, K, 1, x, K, B, N, (float)add, y,
                N);
}
#endif

int gru_element_bytes(void)
{
    return sizeof(element);
}

static float sigmoid(float x)
{
    return 1.0f / (1.0f + expf(-x));
}

static float tangent(float x)
{
    const float e = expf(-2.0f * fabsf(x));
    return copysignf((1.0f - e) / (1.0f + e), x);
}

/* Writes states and saved, and factors [T][B][H]: the states before each step, for the gradient. */
void gru_forward(int T, int B, int H, const element *x, const float *bx, const float *W,
                 const float *b, float *states, element *factors, float *saved)
{
    float *const sums = aligned_alloc(64, (size_t)B * 3 * H * sizeof *sums);
    element *const weights = packed(W, H, 3 * H, 1, H);
    configure();
    for (int t = 0; t < T; t++, x += (size_t)B * 3 * H, saved += (size_t)B * 4 * H) {
        const float *const h = states + (size_t)t * B * H;
        float *const next = states + (size_t)(t + 1) * B * H;
        element *const now = factors + (size_t)t * B * H;
        for (int i = 0; i < B * H; i++)
            now[i] = rounded(h[i]);
        product(sums, now, weights, B, 3 * H, H, 0);
        for (int i = 0; i < B; i++) {
            const element *const xi = x + (size_t)i * 3 * H;
            const float *const si = sums + (size_t)i * 3 * H, *const hi = h + (size_t)i * H;
            float *const kept = saved + (size_t)i * 4 * H, *const to = next + (size_t)i * H;
#pragma omp simd
            for (int j = 0; j < H; j++) {
                const float r = sigmoid(value(xi[j]) + bx[j] + si[j]);
                const float z = sigmoid(value(xi[H + j]) + bx[H + j] + si[H + j]);
                const float q = si[2 * H + j] + b[j];
                const float n = tangent(value(xi[2 * H + j]) + bx[2 * H + j] + r * q);
                kept[j] = r;
                kept[H + j] = z;
                kept[2 * H + j] = n;
                kept[3 * H + j] = q;
                to[j] = n + z * (hi[j] - n);
            }
        }
    }
    free(weights);
    free(sums);
}

/*
 * gradient [T][B][H] of every output. Writes dx and ds [T][B][3 H], those of the products of input
 * and state, and dbx [3 H] and db [H].
 */
void gru_backward(int T, int B, int H, const float *gradient, const float *W, const float *states,
                  const float *saved, element *dx, element *ds, float *dbx, float *db)
{
    const size_t step = (size_t)B * H;
    float *const dh = aligned_alloc(64, step * sizeof *dh);
    element *const weights = packed(W, 3 * H, H, H, 1);
    memset(dh, 0, step * sizeof *dh);
    memset(dbx, 0, 3 * H * sizeof *dbx);
    memset(db, 0, H * sizeof *db);
    configure();
    for (int t = T - 1; t >= 0; t--) {
        const float *const h = states + t * step, *const d = gradient + t * step;
        element *const dxt = dx + t * 3 * step, *const dst = ds + t * 3 * step;
        for (int i = 0; i < B; i++) {
            const float *const kept = saved + t * 4 * step + (size_t)i * 4 * H;
            const float *const hi = h + (size_t)i * H, *const di = d + (size_t)i * H;
            float *const dhi = dh + (size_t)i * H;
            element *const xi = dxt + (size_t)i * 3 * H, *const si = dst + (size_t)i * 3 * H;
#pragma omp simd
            for (int j = 0; j < H; j++) {
                const float r = kept[j], z = kept[H + j], n = kept[2 * H + j], q = kept[3 * H + j];
                const float g = dhi[j] + di[j], dn = g * (1 - z) * (1 - n * n);
                const float dr = dn * q * r * (1 - r), dz = g * (hi[j] - n) * z * (1 - z);
                xi[j] = si[j] = rounded(dr);
                xi[H + j] = si[H + j] = rounded(dz);
                xi[2 * H + j] = rounded(dn);
                si[2 * H + j] = rounded(dn * r);
                dhi[j] = g * z;
                dbx[j] += dr;
                dbx[H + j] += dz;
                dbx[2 * H + j] += dn;
                db[j] += dn * r;
            }
        }
        product(dh, dst, weights, B, H, 3 * H, 1);
    }
    free(weights);
    free(dh);
}
