// Python in a worker: loads Pyodide once, then runs one cell after the other.
// Messages in:  {start: {url, version, folder}}, {id, plan: cells}, {id, run: {source, number}}.
// Messages out: {progress: {received, words}}, {ready}, {failed}, {id, kind, content}, {id, done, result}.

let python, kernel;
let running; // the id of the message that is being answered

self.onmessage = async ({ data }) => {
  if (data.start) {
    try {
      await start(data.start);
      self.postMessage({ ready: true });
    } catch (error) {
      self.postMessage({ failed: String(error?.message ?? error) });
    }
    return;
  }
  running = data.id;
  let result;
  if (data.plan) {
    result = kernel.plan(python.toPy(data.plan)).toJs();
  } else {
    await python.loadPackagesFromImports(data.run.source, { messageCallback() {} });
    result = kernel.run(data.run.source, data.run.number);
  }
  self.postMessage({ id: running, done: true, result });
};

async function start({ url, version, folder }) {
  countBytes();
  const { loadPyodide } = await import(`${url}pyodide.mjs`);
  python = await loadPyodide({
    indexURL: url,
    lockFileURL: `${url}pyodide-lock.json?v=${version}`,
    packages: ["book-page"], // depends on all the rest: everything comes at once
    env: { RNN_PROGRESS: "0" },
  });
  self.postMessage({ progress: { words: "Importing PyTensor" } });
  kernel = python.pyimport("page_kernel");
  kernel.start(folder, (kind, content) => {
    if (content?.toJs) content = content.toJs();
    self.postMessage({ id: running, kind, content });
  });
  python.runPython("import matplotlib.pyplot, rnn_lib");
}

// Say how much has come in, whichever part of Pyodide asks for it.
function countBytes() {
  const fetchAsBefore = self.fetch;
  let received = 0;
  self.fetch = async (...request) => {
    const answer = await fetchAsBefore(...request);
    if (!answer.ok || !answer.body) return answer;
    const counter = new TransformStream({
      transform(piece, out) {
        received += piece.byteLength;
        self.postMessage({ progress: { received } });
        out.enqueue(piece);
      },
    });
    const { status, statusText, headers } = answer;
    return new Response(answer.body.pipeThrough(counter), { status, statusText, headers });
  };
}
