// Chapter 5: step through an utterance, or change it, and watch the units and the probabilities.

const { search } = new URL(import.meta.url);
const { readNpz, rows } = await import(`./npz.mjs${search}`);
const { forward, logits, softmax } = await import(`./cells.mjs${search}`);
const { bars, button, choice, heatMap, legend, make, slider, summary, svg } = await import(`./draw.mjs${search}`);

const LIMIT = 3.5; // standard deviations, at the edges of the picture of the curves
const PAUSE = 400; // milliseconds between two frames while it plays
const FEATURES = Array.from({ length: 12 }, (_, k) => k);
const SPEAKERS = Array.from({ length: 9 }, (_, k) => k);

export async function open(box) {
  const file = await readNpz(new URL(`hidden-states.npz${search}`, import.meta.url));
  const all = rows(file.frames);
  const spoken = Array.from(file.lengths.data, (length) => all.splice(0, length));
  const speakers = file.speakers.data;
  let frames, states, probabilities, playing;

  const utterance = choice(
    "Utterance",
    Array.from(file.numbers.data, (number, k) => [k, `${number}, of speaker ${speakers[k]}`]),
    begin,
  );
  const frame = slider("Frame", { min: 1, max: 1, value: 1 }, draw);
  const play = button("Play", () => (playing ? stop() : start()));
  // Who wants no motion steps with the slider.
  play.hidden = matchMedia("(prefers-reduced-motion: reduce)").matches;

  const feature = choice("Coefficient", FEATURES.map((k) => [k, k + 1]), draw);
  const value = slider(
    "Its value in this frame",
    { min: -LIMIT, max: LIMIT, step: 0.1, value: 0 },
    () => {
      frames[frame.value - 1][feature.input.value] = value.value;
      compute();
    },
    (number) => number.toFixed(1),
  );
  const reset = button("As spoken", () => {
    restore();
    compute();
  });

  const curves = svg("svg", { class: "explorer-curves", preserveAspectRatio: "none", role: "img" });
  const heat = heatMap("The state: a row for each of the 64 units, a column for each frame");
  const bar = bars("Probability of each speaker", SPEAKERS.map((k) => `speaker ${k}`));
  const words = summary();

  box.replaceChildren(
    make("p", { className: "explorer-title" }, "Explorer: a hidden state, frame by frame"),
    make("div", { className: "explorer-controls" }, utterance.box, frame.box, play),
    make(
      "div",
      { className: "explorer-columns" },
      make(
        "div",
        {},
        make("p", { className: "explorer-note" }, "Twelve coefficients: drag the thick one"),
        make("div", { className: "explorer-time" }, curves),
        legend("The 64 units"),
        make("div", { className: "explorer-time" }, heat.box),
      ),
      make("div", {}, make("p", { className: "explorer-note" }, "What the output layer says now"), bar.box),
    ),
    make("div", { className: "explorer-controls" }, feature.box, value.box, reset),
    words,
  );

  function restore() {
    stop();
    frames = spoken[utterance.input.value].map((x) => [...x]);
  }

  function begin() {
    restore();
    frame.set({ max: frames.length, value: frames.length });
    box.style.setProperty("--frames", frames.length);
    curves.setAttribute("viewBox", `0 ${-LIMIT} ${frames.length} ${2 * LIMIT}`);
    compute();
  }

  function compute() {
    states = forward("tanh", file, frames).states;
    probabilities = states.slice(1).map((h) => softmax(logits(file, h)));
    draw();
  }

  function draw() {
    const t = frame.value;
    const chosen = Number(feature.input.value);
    box.style.setProperty("--frame", t);
    value.set({ value: frames[t - 1][chosen] });
    const order = [...FEATURES.filter((k) => k !== chosen), chosen]; // the chosen one on top
    curves.replaceChildren(
      ...order.map((k) =>
        svg("polyline", {
          class: k === chosen ? "explorer-chosen" : "",
          points: frames.map((x, i) => `${i + 0.5},${-x[k]}`).join(" "),
        }),
      ),
    );
    curves.setAttribute("aria-label", `Coefficient ${chosen + 1}, thick, among the twelve over ${frames.length} frames`);
    heat.draw(states.slice(1));
    const p = probabilities[t - 1];
    const leader = p.indexOf(Math.max(...p));
    const right = speakers[utterance.input.value];
    bar.draw(p, right);
    const moved = states[t].map((h, k) => Math.abs(h - states[t - 1][k]));
    const n = moved.filter((change) => change > 0.5).length;
    words.textContent =
      `After ${t} of ${frames.length} frames: speaker ${leader} leads with ${p[leader].toFixed(3)}, ` +
      `and it is ${leader === right ? "the right one" : `speaker ${right} who speaks`}. ` +
      `In this frame unit ${moved.indexOf(Math.max(...moved)) + 1} moved most, and ${n} of 64 units by more than 0.5.`;
  }

  function start() {
    words.setAttribute("aria-live", "off"); // a screen reader cannot follow so fast
    play.textContent = "Stop";
    if (frame.value === frames.length) {
      frame.set({ value: 1 });
      draw();
    }
    playing = setInterval(() => {
      frame.set({ value: frame.value + 1 });
      if (frame.value === frames.length) stop();
      draw();
    }, PAUSE);
  }

  function stop() {
    clearInterval(playing);
    playing = undefined;
    words.removeAttribute("aria-live");
    play.textContent = "Play";
  }

  // A pointer draws the chosen curve, and a click on the units goes to a frame.
  const at = (event, element) => {
    const { left, top, width, height } = element.getBoundingClientRect();
    const t = Math.floor((frames.length * (event.clientX - left)) / width);
    return [Math.max(0, Math.min(frames.length - 1, t)), 2 * LIMIT * (0.5 - (event.clientY - top) / height)];
  };
  curves.onpointerdown = (event) => curves.setPointerCapture(event.pointerId);
  curves.onpointermove = (event) => {
    if (!curves.hasPointerCapture(event.pointerId)) return;
    const [t, height] = at(event, curves);
    frames[t][feature.input.value] = Math.max(-LIMIT, Math.min(LIMIT, height));
    compute();
  };
  heat.box.onpointerdown = (event) => {
    stop();
    frame.set({ value: at(event, heat.box)[0] + 1 });
    draw();
  };

  begin();
}
