// The cells of `rnn_lib.cells`, one step forwards and one step backwards, and a network of one layer.
// Matrices are {shape, data} as npz.mjs reads them; the blocks of the gates stand in the same order as there.

const sigmoid = (a) => 1 / (1 + Math.exp(-a));

export function softmax(z) {
  const largest = Math.max(...z);
  const e = z.map((value) => Math.exp(value - largest));
  const sum = e.reduce((a, b) => a + b);
  return e.map((value) => value / sum);
}

// M v
export function times({ shape: [m, n], data }, v) {
  const product = new Float64Array(m);
  for (let i = 0, k = 0; i < m; i++) {
    let sum = 0;
    for (let j = 0; j < n; j++, k++) sum += data[k] * v[j];
    product[i] = sum;
  }
  return product;
}

// M transposed, times v
export function timesTransposed({ shape: [m, n], data }, v) {
  const product = new Float64Array(n);
  for (let i = 0, k = 0; i < m; i++) {
    const v_i = v[i];
    for (let j = 0; j < n; j++, k++) product[j] += data[k] * v_i;
  }
  return product;
}

// A step takes p = Wxh x_t + bh, q = Whh h_{t-1} and the state before, and returns the next state.
// `back` takes the gradient d of the loss at the next state, and returns it at p, at q, and at the state before as
// far as it gets there without passing q.
export const CELLS = {
  tanh: {
    nStates: 1,
    step: (p, q) => p.map((p_i, i) => Math.tanh(p_i + q[i])),
    back(p, q, prev, next, d) {
      const dp = d.map((d_i, i) => d_i * (1 - next[i] ** 2));
      return { dp, dq: dp, dprev: new Float64Array(d.length) };
    },
  },

  lstm: {
    nStates: 2,
    gates(p, q, n, k) {
      const [i, f, g, o] = [0, 1, 2, 3].map((block) => p[block * n + k] + q[block * n + k]);
      return [sigmoid(i), sigmoid(f), Math.tanh(g), sigmoid(o)];
    },
    step(p, q, prev) {
      const n = prev.length / 2;
      const next = new Float64Array(2 * n);
      for (let k = 0; k < n; k++) {
        const [i, f, g, o] = this.gates(p, q, n, k);
        next[n + k] = f * prev[n + k] + i * g;
        next[k] = o * Math.tanh(next[n + k]);
      }
      return next;
    },
    back(p, q, prev, next, d) {
      const n = prev.length / 2;
      const dp = new Float64Array(4 * n);
      const dprev = new Float64Array(2 * n);
      for (let k = 0; k < n; k++) {
        const [i, f, g, o] = this.gates(p, q, n, k);
        const tanhC = Math.tanh(next[n + k]);
        const dc = d[n + k] + d[k] * o * (1 - tanhC ** 2);
        dp[k] = dc * g * i * (1 - i);
        dp[n + k] = dc * prev[n + k] * f * (1 - f);
        dp[2 * n + k] = dc * i * (1 - g ** 2);
        dp[3 * n + k] = d[k] * tanhC * o * (1 - o);
        dprev[n + k] = dc * f;
      }
      return { dp, dq: dp, dprev };
    },
  },

  gru: {
    nStates: 1,
    gates(p, q, n, k) {
      const r = sigmoid(p[k] + q[k]);
      const z = sigmoid(p[n + k] + q[n + k]);
      return [r, z, Math.tanh(p[2 * n + k] + r * q[2 * n + k])];
    },
    step(p, q, prev) {
      return prev.map((h, k) => {
        const [, z, candidate] = this.gates(p, q, prev.length, k);
        return (1 - z) * candidate + z * h;
      });
    },
    back(p, q, prev, next, d) {
      const n = prev.length;
      const [dp, dq, dprev] = [3 * n, 3 * n, n].map((size) => new Float64Array(size));
      for (let k = 0; k < n; k++) {
        const [r, z, candidate] = this.gates(p, q, n, k);
        const da = d[k] * (1 - z) * (1 - candidate ** 2);
        dp[k] = dq[k] = da * q[2 * n + k] * r * (1 - r);
        dp[n + k] = dq[n + k] = d[k] * (prev[k] - candidate) * z * (1 - z);
        dp[2 * n + k] = da;
        dq[2 * n + k] = da * r;
        dprev[k] = d[k] * z;
      }
      return { dp, dq, dprev };
    },
  },
};

// Walk along a sequence. Return the states, of which the first is the start, and p and q of each step.
export function forward(cell, { Wxh, Whh, bh }, sequence) {
  const n = Whh.shape[1];
  const states = [new Float64Array(CELLS[cell].nStates * n)];
  const sums = sequence.map((x, t) => {
    const p = times(Wxh, x).map((value, i) => value + bh.data[i]);
    const q = times(Whh, states[t].subarray(0, n));
    states.push(CELLS[cell].step(p, q, states[t]));
    return { p, q };
  });
  return { states, sums };
}

// The logits of the output layer for a state h.
export const logits = ({ Why, by }, h) => times(Why, h).map((value, i) => value + by.data[i]);

// sum + left right^T
function addOuter(sum, left, right) {
  for (let i = 0, k = 0; i < left.length; i++) {
    const left_i = left[i];
    for (let j = 0; j < right.length; j++, k++) sum[k] += left_i * right[j];
  }
}

// Go back from the gradient d_h at the last output h. Return the gradient at every state, and at the weights.
export function backward(cell, { Wxh, Whh, bh }, sequence, { states, sums }, d_h) {
  const n = Whh.shape[1];
  const grads = {
    Wxh: new Float64Array(Wxh.data.length),
    Whh: new Float64Array(Whh.data.length),
    bh: new Float64Array(bh.data.length),
  };
  let d = new Float64Array(CELLS[cell].nStates * n);
  d.set(d_h);
  const dStates = [d];
  for (let t = sequence.length - 1; t >= 0; t--) {
    const { dp, dq, dprev } = CELLS[cell].back(sums[t].p, sums[t].q, states[t], states[t + 1], d);
    addOuter(grads.Wxh, dp, sequence[t]);
    addOuter(grads.Whh, dq, states[t].subarray(0, n));
    dp.forEach((value, i) => (grads.bh[i] += value));
    timesTransposed(Whh, dq).forEach((value, i) => (dprev[i] += value));
    dStates.unshift((d = dprev));
  }
  return { dStates, grads };
}
