// Run and change the cells of a page. Nothing is loaded before the first click.
// The extension _ext/run_in_page.py puts this script on each page that has code cells.

const { pyodide, version, bytes, folder } = document.querySelector("script[data-pyodide]").dataset;
// The version keeps a browser from mixing this script with older files that it has kept.
const part = (name) => import(`./${name}?v=${version}`);
const { Session } = await part("session.mjs");

const EXERCISE = ["exercise", "solution"];

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function button(text, label, onclick) {
  const element = make("button", { type: "button", className: "run-button", onclick }, text);
  if (label) element.setAttribute("aria-label", label);
  return element;
}

class Cell {
  constructor(box, number) {
    this.box = box;
    this.number = number;
    this.input = box.querySelector(".cell_input");
    this.original = this.input.querySelector("pre").textContent.replace(/\n$/, "");
    this.key = `rnn-book:${location.pathname}#${box.id}`;
    this.kinds = EXERCISE.filter((kind) => box.classList.contains(`tag_${kind}`));
    this.runnable = !box.classList.contains("tag_not-in-page");
    this.done = false; // whether it ran in this session, with the text that it has
    this.tools = make("div", { className: "run-tools" });
    if (this.runnable) {
      this.runButton = button("Run", `Run cell ${number}`, () => run([this], this));
      this.editButton = button("Edit", `Edit cell ${number}`, () => this.edit(true));
      this.resetButton = button("Reset", `Reset cell ${number} to the book's text`, () => this.reset());
      this.resetButton.hidden = true;
      this.state = make("span", { className: "run-state" });
      this.tools.append(this.runButton, this.editButton, this.resetButton, this.state);
    } else {
      this.tools.append("This cell needs more than a browser gives: run it in Jupyter.");
    }
    const stored = box.querySelector(".cell_output");
    if (stored) stored.before(this.tools);
    else box.append(this.tools);
  }

  get text() {
    return this.editor ? this.editor.state.doc.toString() : this.original;
  }

  get changed() {
    return this.text !== this.original;
  }

  say(words, state) {
    this.state.textContent = words;
    this.box.dataset.run = state;
  }

  // The editor --------------------------------------------------------------------------------

  async edit(focus = false) {
    this.input.closest("details")?.setAttribute("open", "");
    if (!this.editor) {
      this.editButton.disabled = true;
      try {
        const { openEditor } = await part("editor.mjs");
        this.editor ??= openEditor({
          text: localStorage.getItem(this.key) ?? this.original,
          label: `Code of cell ${this.number}. Shift-Enter runs it; Escape, then Tab leaves it.`,
          onChange: () => this.keep(),
          onRun: () => run([this], this),
        });
      } finally {
        this.editButton.disabled = false;
      }
      this.input.append(this.editor.dom);
      this.input.classList.add("run-editing");
      this.resetButton.hidden = false;
    }
    if (focus) this.editor.focus();
  }

  keep() {
    this.done = false;
    if (this.changed) localStorage.setItem(this.key, this.text);
    else localStorage.removeItem(this.key);
  }

  reset() {
    localStorage.removeItem(this.key);
    this.done &&= !this.changed;
    this.editor.destroy();
    this.editor = undefined;
    this.input.classList.remove("run-editing");
    this.resetButton.hidden = true;
    this.restore();
    this.editButton.focus();
  }

  // The output --------------------------------------------------------------------------------

  // What the book stores is hidden, save the caption of a figure: the text refers to it.
  hideStored(hidden) {
    for (const part of this.box.querySelectorAll(":scope > .cell_output:not(.run-output) > *")) {
      const pictures = part.matches("figure") ? part.querySelectorAll("img") : [part];
      for (const picture of pictures) picture.hidden = hidden;
    }
  }

  clear() {
    this.restore();
    this.output = make("div", { className: "run-output cell_output docutils container" });
    this.output.setAttribute("role", "group");
    this.output.setAttribute("aria-label", `Output of your run of cell ${this.number}`);
    const back = button("Show the book's output", `Show the book's output of cell ${this.number}`, () => {
      this.restore();
      this.runButton.focus();
    });
    this.output.append(make("p", { className: "run-note" }, "Output of your run", back));
    this.tools.after(this.output);
    this.hideStored(true);
  }

  restore() {
    for (const image of this.output?.querySelectorAll("img") ?? []) URL.revokeObjectURL(image.src);
    this.output?.remove();
    this.output = undefined;
    this.hideStored(false);
  }

  show(kind, content) {
    if (kind === "image") {
      const stored = this.changed ? null : this.box.querySelector("figure img");
      const src = URL.createObjectURL(new Blob([content], { type: "image/png" }));
      this.output.append(make("img", { src, alt: stored?.alt || `Figure drawn by cell ${this.number}` }));
    } else if (kind === "html") {
      this.output.append(make("div", { className: "output text_html", tabIndex: 0, innerHTML: content }));
    } else {
      let last = this.output.lastElementChild;
      if (!last?.classList.contains(`run-${kind}`)) {
        last = make("pre", { className: `run-text run-${kind}`, tabIndex: 0 });
        this.output.append(last);
      }
      if (last.textContent.length < LONGEST) last.append(content);
      else if (!last.classList.contains("run-cut")) {
        last.append("\n… more text than the page shows");
        last.classList.add("run-cut");
      }
    }
  }
}

const LONGEST = 200_000; // characters of text that a cell may show

// The bar at the foot of the page -----------------------------------------------------------

const status = make("span", { className: "run-status" });
status.setAttribute("role", "status");
const progress = make("progress", { hidden: true });
progress.setAttribute("aria-label", "Loading Python");
const allButton = button("Run all", "Run all cells of this page", () =>
  run(cells.filter((cell) => cell.runnable && !cell.kinds.includes("solution"))),
);
const stopButton = button("Stop", "Stop the running cell", () =>
  end("Stopped. This ended Python: the next Run starts it again, with the cells above first."),
);
const restartButton = button("Restart", "Restart Python", () =>
  end("Python has ended. The next Run starts it again, with the cells above first."),
);
const downloadButton = button("Download", "Download this page as a notebook, with your changes", download);
const bar = make("div", { className: "run-bar" });
bar.append(allButton, stopButton, restartButton, downloadButton, status, progress);
bar.setAttribute("role", "toolbar");
bar.setAttribute("aria-label", "Python in this page");

const boxes = [...document.querySelectorAll("div.cell")].filter((box) => box.querySelector(".cell_input pre"));
const cells = boxes.map((box, i) => new Cell(box, i + 1));
document.querySelector(".bd-article").append(bar);

function setBusy(busy) {
  stopButton.disabled = !busy;
  restartButton.disabled = !session?.started;
  allButton.disabled = busy;
}

// Running -----------------------------------------------------------------------------------

let session;
let queue = Promise.resolve();
let waiting = 0;

const newSession = () =>
  new Session({ pyodide, version, folder, total: Number(bytes) }, (words, share) => {
    if (status.textContent !== words) status.textContent = words;
    progress.hidden = share === null;
    if (share === undefined) progress.removeAttribute("value");
    else if (share !== null) progress.value = share;
  });

// Run some cells in order; for a single one (`target`), the cells above that it needs come first.
function run(wanted, target) {
  session ??= newSession();
  const mine = session;
  waiting += 1;
  setBusy(true);
  for (const cell of wanted) cell.say("waiting", "waiting");
  queue = queue.then(() => runNow(mine, wanted, target)).finally(() => {
    waiting -= 1;
    if (mine === session) setBusy(waiting > 0);
  });
}

async function runNow(mine, wanted, target) {
  if (mine !== session) return;
  try {
    await mine.start();
    const above = target ? await needed(mine, target) : [];
    for (const cell of [...above, ...wanted]) {
      if (mine !== session) return;
      if (!(await runCell(mine, cell))) {
        if (cell !== wanted.at(-1)) {
          for (const other of wanted) if (other.box.dataset.run === "waiting") other.say("not run", "error");
          status.textContent = `Cell ${cell.number} failed, so the run ended there.`;
        } else status.textContent = `Cell ${cell.number} failed.`;
        return;
      }
    }
    const last = wanted.at(-1);
    status.textContent = target ? `Cell ${last.number} is done.` : "All cells are done.";
  } catch (error) {
    if (mine !== session) return;
    end(`Python could not be started (${error.message}). Run tries again.`);
  }
}

// The cells above that have not run and that the target needs; no answers to exercises.
async function needed(mine, target) {
  const above = cells.slice(0, target.number - 1).filter((cell) => cell.runnable && !cell.kinds.length);
  const numbers = await mine.plan([...above, target].map((cell) => [cell.number, cell.text]));
  return above.filter((cell) => numbers.includes(cell.number) && !cell.done);
}

async function runCell(mine, cell) {
  cell.clear();
  cell.say("running …", "running");
  status.textContent = `Cell ${cell.number} is running.`;
  const began = performance.now();
  const text = cell.text;
  const ok = await mine.run(text, cell.number, (kind, content) => cell.show(kind, content));
  const seconds = (performance.now() - began) / 1000;
  cell.done = ok && text === cell.text;
  const time = `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  cell.say(ok ? `done in ${time}` : `failed after ${time}`, ok ? "ok" : "error");
  if (cell.output.children.length === 1 && !cell.box.querySelector(":scope > .cell_output:not(.run-output)"))
    cell.restore(); // nothing to show, nothing replaced
  return ok;
}

function end(words) {
  session?.end();
  session = undefined;
  queue = Promise.resolve();
  waiting = 0;
  for (const cell of cells) {
    cell.done = false;
    if (["waiting", "running"].includes(cell.box.dataset.run)) cell.say("stopped", "stopped");
  }
  setBusy(false);
  progress.hidden = true;
  status.textContent = words;
}

// The page as a notebook --------------------------------------------------------------------

async function download() {
  const link = document.querySelector('a[href$=".ipynb"][href*="_sources/"]');
  const notebook = await (await fetch(link.href)).json();
  const byId = new Map(cells.map((cell) => [cell.box.id, cell]));
  for (const stored of notebook.cells) {
    const cell = byId.get(`cell-${stored.id}`);
    if (cell?.changed) Object.assign(stored, { source: cell.text, outputs: [], execution_count: null });
  }
  const href = URL.createObjectURL(new Blob([JSON.stringify(notebook, null, 1)], { type: "application/json" }));
  make("a", { href, download: link.href.split("/").at(-1) }).click();
  setTimeout(() => URL.revokeObjectURL(href), 1000);
}

setBusy(false);
for (const cell of cells) if (cell.runnable && localStorage.getItem(cell.key) !== null) cell.edit();
