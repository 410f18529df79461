/* One update of W1 as a programmer of C would write it: a tanh network that reads one sequence,
   cross-entropy, gradient descent. The weights stand transposed, so that every inner loop runs
   along memory, and the compiler makes vector instructions of it. */

#include <math.h>
#include <string.h>

/* y += a * x, for n numbers */
static inline void add_scaled(int n, float a, const float *restrict x, float *restrict y) {
    for (int i = 0; i < n; i++) y[i] += a * x[i];
}

/* h has n_steps + 1 rows, the first of them zero; p gets the probabilities of the classes. */
void predict(int n_steps, int n_in, int n, int n_out, const float *restrict x,
             const float *restrict Wxh, const float *restrict Whh, const float *restrict Why,
             const float *restrict bh, const float *restrict by, float *restrict h, float *restrict p) {
    for (int t = 0; t < n_steps; t++) {
        float *h_t = h + (t + 1) * n;
        memcpy(h_t, bh, n * sizeof(float));
        for (int j = 0; j < n_in; j++) add_scaled(n, x[t * n_in + j], Wxh + j * n, h_t);
        for (int j = 0; j < n; j++) add_scaled(n, h[t * n + j], Whh + j * n, h_t);
        for (int i = 0; i < n; i++) h_t[i] = tanhf(h_t[i]);
    }
    memcpy(p, by, n_out * sizeof(float));
    for (int j = 0; j < n; j++) add_scaled(n_out, h[n_steps * n + j], Why + j * n_out, p);
    float largest = p[0], sum = 0;
    for (int k = 1; k < n_out; k++) largest = fmaxf(largest, p[k]);
    for (int k = 0; k < n_out; k++) sum += p[k] = expf(p[k] - largest);
    for (int k = 0; k < n_out; k++) p[k] /= sum;
}

/* Changes the parameters in place and returns the loss before it. */
float update(int n_steps, int n_in, int n, int n_out, const float *restrict x, int y, float rate,
             float *restrict Wxh, float *restrict Whh, float *restrict Why,
             float *restrict bh, float *restrict by, float *restrict h, float *restrict p) {
    float gWxh[n_in * n], gWhh[n * n], gbh[n], W[n * n], da[n], dh[n];
    predict(n_steps, n_in, n, n_out, x, Wxh, Whh, Why, bh, by, h, p);
    float loss = -logf(p[y]);
    p[y] -= 1;
    memset(gWxh, 0, sizeof gWxh);
    memset(gWhh, 0, sizeof gWhh);
    memset(gbh, 0, sizeof gbh);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) W[i * n + j] = Whh[j * n + i];
    for (int j = 0; j < n; j++) {
        dh[j] = 0;
        for (int k = 0; k < n_out; k++) dh[j] += Why[j * n_out + k] * p[k];
    }
    for (int t = n_steps - 1; t >= 0; t--) {
        const float *h_t = h + (t + 1) * n, *h_prev = h + t * n;
        for (int i = 0; i < n; i++) da[i] = dh[i] * (1 - h_t[i] * h_t[i]);
        for (int j = 0; j < n_in; j++) add_scaled(n, x[t * n_in + j], da, gWxh + j * n);
        for (int j = 0; j < n; j++) add_scaled(n, h_prev[j], da, gWhh + j * n);
        add_scaled(n, 1, da, gbh);
        memset(dh, 0, sizeof dh);
        for (int i = 0; i < n; i++) add_scaled(n, da[i], W + i * n, dh);
    }
    for (int j = 0; j < n; j++) add_scaled(n_out, -rate * h[n_steps * n + j], p, Why + j * n_out);
    add_scaled(n_out, -rate, p, by);
    add_scaled(n_in * n, -rate, gWxh, Wxh);
    add_scaled(n * n, -rate, gWhh, Whh);
    add_scaled(n, -rate, gbh, bh);
    return loss;
}
