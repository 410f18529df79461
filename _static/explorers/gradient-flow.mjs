// Chapter 4: how much of the gradient arrives at each step back in time, by a backward pass at every change.

const { search } = new URL(import.meta.url);
const { readNpz, rows } = await import(`./npz.mjs${search}`);
const { backward, forward, logits, softmax, timesTransposed } = await import(`./cells.mjs${search}`);
const { button, choice, logPlot, make, slider, summary } = await import(`./draw.mjs${search}`);

const NAMES = { tanh: "tanh", lstm: "LSTM", gru: "GRU" };
const DEPTH = 20; // steps back, of which the sentence speaks
const POWERS = [-9, -6, -3, 0, 3, 6, 9];

const norm = (...arrays) => Math.hypot(...arrays.map((a) => Math.sqrt(a.reduce((sum, value) => sum + value ** 2, 0))));

const short = (number) => String(Number(number.toPrecision(2)));

// Return the norm of the gradient at each state, the last one first, and of the gradient of all weights together.
export function flow(file, cell, radius, sequence) {
  const W = Object.fromEntries(["Wxh", "Whh", "bh", "Why", "by"].map((name) => [name, file[`${cell}.${name}`]]));
  // Each block of Whh is a rotation, of radius 1.
  W.Whh = { shape: W.Whh.shape, data: Float64Array.from(W.Whh.data, (weight) => radius * weight) };
  const walk = forward(cell, W, sequence);
  const h = walk.states.at(-1).subarray(0, W.Whh.shape[1]);
  const dz = softmax(logits(W, h)); // of the cross-entropy, if the right class is 0
  dz[0] -= 1;
  const { dStates, grads } = backward(cell, W, sequence, walk, timesTransposed(W.Why, dz));
  const atWhy = norm(dz) * norm(h); // the norm of their outer product
  return {
    norms: dStates.slice(1).reverse().map((d) => norm(d)),
    total: norm(grads.Wxh, grads.Whh, grads.bh, [atWhy], dz),
  };
}

export async function open(box) {
  const file = await readNpz(new URL(`gradient-flow.npz${search}`, import.meta.url));
  const stream = rows(file.stream);
  let now, kept;

  const cell = choice("Cell", Object.entries(NAMES), draw);
  const radius = slider("Spectral radius", { min: 0.1, max: 2.5, step: 0.1, value: 1 }, draw, (r) => r.toFixed(1));
  const length = slider("Steps", { min: 10, max: stream.length, value: 50 }, draw);
  const clip = choice("Clip the gradient at norm", [["", "none"], ["10", "10"], ["1", "1"], ["0.1", "0.1"]], draw);
  const keep = button("Keep this line", () => {
    kept = { ...now, name: `kept: ${now.name}`, className: "explorer-kept" };
    draw();
  });
  const plot = logPlot("steps back from the end", "norm of the gradient at the state", POWERS);
  const names = make("ul", { className: "explorer-names" });
  const words = summary();

  box.replaceChildren(
    make("p", { className: "explorer-title" }, "Explorer: how far the gradient flows"),
    make("div", { className: "explorer-controls" }, cell.box, radius.box, length.box, clip.box, keep),
    plot.box,
    names,
    words,
  );

  function draw() {
    const { norms, total } = flow(file, cell.input.value, radius.value, stream.slice(0, length.value));
    const limit = clip.input.value ? Number(clip.input.value) : Infinity;
    const scale = Math.min(1, limit / total);
    const name = `${NAMES[cell.input.value]}, radius ${radius.value.toFixed(1)}, ${length.value} steps`;
    now = {
      name: limit < Infinity ? `${name}, clipped at ${limit}` : name,
      values: norms.map((value) => scale * value),
      className: "explorer-chosen",
    };
    const before = { name: "before clipping", values: norms, className: "explorer-before" };
    const lines = [kept, scale < 1 && before, now].filter(Boolean);
    plot.draw(lines, length.value - 1);
    names.replaceChildren(
      ...lines.map((line) => make("li", {}, make("span", { className: line.className }), line.name)),
    );
    const k = Math.min(DEPTH, length.value - 1);
    const share = norms[k] / norms[0];
    words.textContent =
      `${k} steps back the gradient is ${short(share)} times that at the last step: ` +
      `a factor of ${(share ** (1 / k)).toFixed(2)} a step. ` +
      `The gradient of all weights has the norm ${short(total)}` +
      (limit === Infinity ? "." : `; clipping multiplies everything by ${short(scale)}.`);
  }

  draw();
}
