// One Python in one worker. `report(words, share)` hears how far the loading is: share is a number
// from 0 to 1, undefined where nobody knows, null at the end.

export class Session {
  constructor(options, report) {
    this.options = options;
    this.report = report;
    this.calls = new Map();
    this.ids = 0;
  }

  get started() {
    return Boolean(this.worker);
  }

  start() {
    this.ready ??= new Promise((resolve, reject) => {
      const { pyodide, version, folder } = this.options;
      this.report("Loading Python …", 0);
      this.worker = new Worker(new URL(`worker.mjs?v=${version}`, import.meta.url), { type: "module" });
      this.worker.onerror = (event) => reject(new Error(event.message || "the worker did not load"));
      this.worker.onmessage = ({ data }) => {
        if (data.ready) {
          this.report("Python is ready.", null);
          resolve();
        } else if (data.failed) reject(new Error(data.failed));
        else if (data.progress) this.progress(data.progress);
        else if (data.done) {
          const { resolve: answer } = this.calls.get(data.id);
          this.calls.delete(data.id);
          answer(data.result);
        } else this.calls.get(data.id)?.hear?.(data.kind, data.content);
      };
      const url = new URL(pyodide, document.baseURI).href;
      this.worker.postMessage({ start: { url, version, folder } });
    });
    return this.ready;
  }

  progress({ words, received }) {
    if (words) return this.report(words, undefined);
    const share = Math.min(received / this.options.total, 1);
    const megabytes = Math.round(this.options.total / 1e6);
    // In words only at each quarter: a screen reader reads every change.
    this.report(`Loading Python: ${Math.floor(share * 4) * 25} % of ${megabytes} MB`, share);
  }

  call(message, hear) {
    const id = (this.ids += 1);
    return new Promise((resolve) => {
      this.calls.set(id, { resolve, hear });
      this.worker.postMessage({ id, ...message });
    });
  }

  run(source, number, hear) {
    return this.call({ run: { source, number } }, hear);
  }

  plan(cells) {
    return this.call({ plan: cells });
  }

  end() {
    this.worker?.terminate();
    this.report("", null);
  }
}
