// Compile, in Pyodide itself, the modules that the pages import, so that no reader's browser does.
//
//     node tools/bytecode.mjs .cache/site/pyodide out.zip
//
// tools/pyodide.py calls this where Node.js is at hand. The archive holds `module.pyc` for `module.py`.

import { resolve } from "node:path";
import { writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [folder, out] = process.argv.slice(2).map((path) => resolve(path));
const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`));
const python = await loadPyodide({ indexURL: folder, env: { RNN_PROGRESS: "0" } });
await python.loadPackage("book-page", { messageCallback() {} });
python.runPython(`
import importlib, io, os, pathlib, py_compile, sys, zipfile

os.environ["MPLBACKEND"] = "module://page_figures"
import matplotlib.pyplot as plt
import page_kernel, page_plan
import numpy as np
import rnn_lib
from rnn_lib import RNN

for path in pathlib.Path(rnn_lib.__file__).parent.glob("*.py"):
    if path.stem != "compiled":  # no page has numba
        importlib.import_module(f"rnn_lib.{path.stem}")
for cell in ("tanh", "lstm", "gru"):  # what PyTensor imports only when it is at work
    RNN(2, 2, 2, cell=cell).train([np.ones((3, 2))], [0], num_epochs=1)
plt.plot([1, 2])[0].figure.savefig(io.BytesIO(), bbox_inches="tight")

site = pathlib.Path(np.__file__).parents[1]
sources = {getattr(module, "__file__", None) for module in sys.modules.values()} - {None}
with zipfile.ZipFile("/bytecode.zip", "w", zipfile.ZIP_DEFLATED) as archive:
    for source in map(pathlib.Path, sorted(sources)):
        if source.suffix == ".py" and source.is_relative_to(site):
            shown = f"/lib/python3.12/site-packages/{source.relative_to(site)}"
            py_compile.compile(source, "module.pyc", dfile=shown, doraise=True)
            archive.write("module.pyc", source.relative_to(site).with_suffix(".pyc"))
`);
writeFileSync(out, python.FS.readFile("/bytecode.zip"));
