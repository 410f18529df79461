// What the explorers are made of: controls with labels, heat maps and bars, in the colours of the page.

export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// Controls --------------------------------------------------------------------------------------

export function button(text, onclick) {
  return make("button", { type: "button", className: "run-button", onclick }, text);
}

// A slider with its value beside it, which `show` writes.
export function slider(label, { min, max, step = 1, value }, onChange, show = String) {
  const input = make("input", { type: "range", min, max, step, value });
  const shown = make("span", { className: "explorer-number", ariaHidden: "true" });
  const write = () => {
    shown.textContent = show(input.valueAsNumber);
    input.setAttribute("aria-valuetext", shown.textContent);
  };
  input.oninput = () => {
    write();
    onChange();
  };
  write();
  const labelled = make("label", {}, make("span", {}, label), input);
  return {
    box: make("div", { className: "explorer-slider" }, labelled, shown),
    input,
    get value() {
      return input.valueAsNumber;
    },
    set({ max = input.max, value }) {
      Object.assign(input, { max, value });
      write();
    },
  };
}

// A choice among [value, text].
export function choice(label, options, onChange) {
  const input = make("select", { onchange: () => onChange() });
  input.append(...options.map(([value, text]) => make("option", { value }, text)));
  return { box: make("label", {}, make("span", {}, label), input), input };
}

// One sentence that says what is seen, also to a screen reader.
export function summary() {
  const box = make("p", { className: "explorer-summary" });
  box.setAttribute("role", "status");
  return box;
}

// Pictures --------------------------------------------------------------------------------------

// A picture of numbers from -1 to 1, one pixel each: blue below 0, orange above. It grows with its box.
// Nought is transparent, so the picture fits light and dark.
export function heatMap(label) {
  const canvas = make("canvas", { className: "explorer-heat" });
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", label);
  return {
    box: canvas,
    // columns: one array for each column of the picture
    draw(columns) {
      const [width, height] = [columns.length, columns[0].length];
      Object.assign(canvas, { width, height });
      const picture = new ImageData(width, height);
      columns.forEach((column, x) =>
        column.forEach((value, y) => {
          const colour = value < 0 ? [0, 114, 178] : [213, 94, 0];
          const strength = Math.min(1, Math.abs(value));
          picture.data.set([...colour, Math.round(255 * strength)], 4 * (y * width + x));
        }),
      );
      canvas.getContext("2d").putImageData(picture, 0, 0);
    },
  };
}

// The legend of a heat map.
export function legend(what) {
  const scale = make("span", { className: "explorer-legend" }, "−1 ", make("span", { className: "explorer-scale" }), " 1");
  return make("p", { className: "explorer-note" }, `${what}: `, scale);
}

// Bars for probabilities with their names and numbers: in rows, or upright by their style.
export function bars(label, names) {
  const rows = names.map((name) => {
    const bar = make("span", { className: "explorer-bar" });
    const number = make("span", { className: "explorer-share" });
    const line = make("li", {}, make("span", {}, name), make("span", { className: "explorer-track" }, bar), number);
    return { line, bar, number };
  });
  const box = make("ul", { className: "explorer-bars" }, ...rows.map((row) => row.line));
  box.setAttribute("aria-label", label);
  return {
    box,
    draw(values, marked) {
      rows.forEach(({ line, bar, number }, k) => {
        bar.style.setProperty("--share", values[k]);
        number.textContent = values[k].toFixed(3);
        line.classList.toggle("explorer-marked", k === marked);
      });
    },
  };
}

// Lines over whole numbers from 0, on a logarithmic axis with a tick at each power in `powers`.
// Lines may leave the picture at the top and at the bottom.
export function logPlot(xLabel, yLabel, powers) {
  const [lowest, highest] = [powers[0], powers.at(-1)];
  const picture = svg("svg", { class: "explorer-lines", preserveAspectRatio: "none", role: "img" });
  const xTicks = make("div", { className: "explorer-x", ariaHidden: "true" });
  const yTicks = powers.map((power) => {
    const tick = make("span", {}, power === 0 ? "1" : `1e${power}`);
    tick.style.bottom = `${(100 * (power - lowest)) / (highest - lowest)}%`;
    return tick;
  });
  const box = make(
    "div",
    { className: "explorer-plot" },
    make("p", { className: "explorer-note" }, yLabel),
    make("div", { className: "explorer-y", ariaHidden: "true" }, ...yTicks),
    picture,
    xTicks,
    make("p", { className: "explorer-note" }, xLabel),
  );
  const line = (points, className) => svg("polyline", { class: className, points: points.join(" ") });
  return {
    box,
    // lines: {name, values, className} each
    draw(lines, xMax) {
      picture.setAttribute("viewBox", `0 ${-highest} ${xMax} ${highest - lowest}`);
      picture.setAttribute("aria-label", `${yLabel}, over ${xLabel}: ${lines.map(({ name }) => name).join("; ")}`);
      picture.replaceChildren(
        ...powers.map((power) => line([`0,${-power}`, `${xMax},${-power}`], "explorer-grid")),
        ...lines.map(({ values, className }) =>
          line(values.map((value, x) => `${x},${-Math.max(lowest - 1, Math.log10(value))}`), className),
        ),
      );
      const step = xMax > 50 ? 20 : xMax > 20 ? 10 : 5;
      const places = Array.from({ length: Math.floor(xMax / step) + 1 }, (_, k) => k * step);
      xTicks.replaceChildren(
        ...places.map((x) => {
          const tick = make("span", {}, String(x));
          tick.style.left = `${(100 * x) / xMax}%`;
          return tick;
        }),
      );
    },
  };
}
