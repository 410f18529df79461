// The page about names: type a beginning, see what may come next, and which units moved at which letter.

const { search } = new URL(import.meta.url);
const { readNpz, rows } = await import(`./npz.mjs${search}`);
const { forward, logits, softmax } = await import(`./cells.mjs${search}`);
const { bars, button, heatMap, legend, make, slider, summary } = await import(`./draw.mjs${search}`);

const TOKENS = [...".abcdefghijklmnopqrstuvwxyz"]; // the dot opens and closes a name
const LONGEST = 20;
const SHOWN = 12; // units in the picture
const KEPT = 6; // names that were drawn

// Return the states of the network along a beginning, and its logits for what comes next.
export function read(file, letters) {
  const embedding = rows(file.E);
  const { states } = forward("gru", file, [...`.${letters}`].map((token) => embedding[TOKENS.indexOf(token)]));
  return { states, z: logits(file, states.at(-1)) };
}

const probabilities = (z, temperature) => softmax(z.map((value) => value / temperature));

function drawToken(p) {
  let left = Math.random();
  return p.findIndex((share) => (left -= share) < 0); // -1, the end, where rounding leaves a rest
}

function drawName(file, letters, temperature) {
  while (letters.length < LONGEST) {
    const k = drawToken(probabilities(read(file, letters).z, temperature));
    if (k <= 0) break;
    letters += TOKENS[k];
  }
  return letters;
}

export async function open(box) {
  const file = await readNpz(new URL(`names.npz${search}`, import.meta.url));

  const input = make("input", {
    type: "text",
    value: "smit",
    maxLength: LONGEST - 1,
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: false,
  });
  input.oninput = () => {
    const letters = input.value.toLowerCase().replace(/[^a-z]/g, "");
    if (letters !== input.value) input.value = letters;
    draw();
  };
  const beginning = make("label", {}, make("span", {}, "Beginning of a name"), input);
  const temperature = slider("Temperature", { min: 0.2, max: 2, step: 0.1, value: 1 }, draw, (t) => t.toFixed(1));
  const drawn = make("ol", { className: "explorer-drawn" });
  const log = make("div", {}, drawn);
  log.setAttribute("role", "log");
  log.setAttribute("aria-label", "Names drawn, the newest first");
  const go = button("Draw a name", () => {
    drawn.prepend(make("li", {}, drawName(file, input.value, temperature.value) || "(no letter)"));
    if (drawn.children.length > KEPT) drawn.lastElementChild.remove();
  });

  const bar = bars("Probability of each letter", ["end", ...TOKENS.slice(1)]);
  bar.box.classList.add("explorer-upright");
  const heat = heatMap("The states of the units that move most: a row for each unit, a column for each letter");
  const units = make("ol", { className: "explorer-units", ariaHidden: "true" });
  const letters = make("ol", { className: "explorer-letters", ariaHidden: "true" });
  const words = summary();

  box.replaceChildren(
    make("p", { className: "explorer-title" }, "Explorer: what comes next"),
    make("div", { className: "explorer-controls" }, beginning, temperature.box, go),
    log,
    make("p", { className: "explorer-note" }, "Probability of the next letter"),
    bar.box,
    legend(`The ${SHOWN} of 128 units that move most`),
    make("div", { className: "explorer-grid" }, units, heat.box, letters),
    words,
  );

  function draw() {
    const { states, z } = read(file, input.value);
    const p = probabilities(z, temperature.value);
    const best = [...p.keys()].sort((a, b) => p[b] - p[a]);
    bar.draw(p, best[0]);

    const moves = states.slice(1).map((h, t) => h.map((value, k) => Math.abs(value - states[t][k])));
    const way = moves.reduce((sum, move) => sum.map((value, k) => value + move[k]));
    const shown = [...way.keys()].sort((a, b) => way[b] - way[a]).slice(0, SHOWN);
    const [first] = shown;
    heat.draw(states.slice(1).map((h) => shown.map((k) => h[k])));
    units.replaceChildren(...shown.map((k) => make("li", {}, String(k + 1))));
    letters.replaceChildren(...[...`.${input.value}`].map((letter) => make("li", {}, letter)));

    const names = best.slice(0, 3).map((k) => `${k ? TOKENS[k] : "the end"} ${p[k].toFixed(3)}`);
    const steps = moves.map((move) => move[first]);
    const place = steps.indexOf(Math.max(...steps));
    words.textContent =
      (input.value ? `After “${input.value}”: ` : "At the beginning of a name: ") +
      `${names.join(", ")}. ` +
      `Unit ${first + 1} moved most, and its largest move was at ` +
      (place ? `letter ${place}, “${input.value[place - 1]}”.` : "the dot before the name.");
  }

  draw();
}
