"""Make the pictures of the website, and fetch the copies of MathJax and CodeMirror that it serves.

    python tools/assets.py images       # favicon.svg, logo.svg and social-card.png in _static
    python tools/assets.py mathjax      # _vendor/mathjax, from the npm package; needs npm
    python tools/assets.py codemirror   # _vendor/codemirror, one module made by esbuild; needs npm

All results are committed, so a reader who builds the book needs neither this script nor npm.
No package on PyPI carries a maintained MathJax 3 without a web framework around it.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
STATIC = TOP / "_static"

BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"

MATHJAX = "mathjax@3.2.2"
MATHJAX_SHA512 = (
    "Bt+SSVU8eBG27zChVewOicYs7Xsdt40qm4+UpHyX7k0/O9NliPc+x77k1/FEsPsjKPZGJvtRZM1vO+geW0OhGw=="
)
MATHJAX_FILES = {  # in the package -> under _vendor/mathjax
    "package/LICENSE": "LICENSE",
    "package/es5/tex-chtml-full.js": "tex-chtml-full.js",
    "package/es5/output/chtml/fonts/woff-v2/": "output/chtml/fonts/woff-v2/",
}

ESBUILD = "esbuild@0.28.2"
CODEMIRROR = [  # all that the bundle is made of
    "@codemirror/autocomplete@6.20.4",
    "@codemirror/commands@6.11.1",
    "@codemirror/lang-python@6.2.1",
    "@codemirror/language@6.13.1",
    "@codemirror/state@6.7.6",
    "@codemirror/streamparser@6.0.0",
    "@codemirror/view@6.43.15",
    "@lezer/common@1.5.5",
    "@lezer/highlight@1.2.5",
    "@lezer/lr@1.4.12",
    "@lezer/python@1.1.19",
    "@marijn/find-cluster-break@1.0.4",
    "crelt@1.0.7",
    "style-mod@4.1.4",
    "w3c-keyname@2.2.8",
]
CODEMIRROR_NAMES = """\
export { closeBrackets, closeBracketsKeymap } from "@codemirror/autocomplete";
export { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
export { python } from "@codemirror/lang-python";
export { bracketMatching, indentOnInput, indentUnit } from "@codemirror/language";
export { syntaxHighlighting } from "@codemirror/language";
export { EditorState } from "@codemirror/state";
export { drawSelection, EditorView, keymap } from "@codemirror/view";
export { classHighlighter } from "@lezer/highlight";
"""


def unrolled(n_steps: int) -> tuple[list[tuple], list[tuple]]:
    """Return circles ``(x, y, colour)`` and arrows ``(x1, y1, x2, y2)`` of an unrolled network.

    Inputs stand below, hidden states in the middle, outputs above; one unit apart.
    """
    circles, arrows = [], []
    for t in range(n_steps):
        circles += [(t, 0, BLUE), (t, 1, ORANGE), (t, 2, GREEN)]
        arrows += [(t, 0, t, 1), (t, 1, t, 2)]
        if t:
            arrows.append((t - 1, 1, t, 1))
    return circles, arrows


def svg(n_steps: int, *, radius: float = 0.27, line: float = 0.13, margin: float = 0.4) -> str:
    """Draw an unrolled network of ``n_steps`` steps as an SVG picture without text."""
    circles, arrows = unrolled(n_steps)
    width, height = n_steps - 1 + 2 * margin, 2 + 2 * margin
    side = max(width, height) if n_steps == 3 else None  # an icon is square
    left = margin + ((side - width) / 2 if side else 0)
    top = margin + ((side - height) / 2 if side else 0)
    width, height = side or width, side or height

    def point(x: float, y: float) -> tuple[str, str]:
        return f"{left + x:.3g}", f"{top + 2 - y:.3g}"

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.3g} {height:.3g}">']
    for x1, y1, x2, y2 in arrows:
        (a, b), (c, d) = point(x1, y1), point(x2, y2)
        parts.append(
            f'  <line x1="{a}" y1="{b}" x2="{c}" y2="{d}" stroke="#8a9199" stroke-width="{line}"/>'
        )
    for x, y, colour in circles:
        cx, cy = point(x, y)
        parts.append(f'  <circle cx="{cx}" cy="{cy}" r="{radius}" fill="{colour}"/>')
    return "\n".join([*parts, "</svg>", ""])


def draw_social_card(path: Path) -> None:
    """Draw the picture that other sites show beside a link to the book: 1200 by 630 pixels."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    with plt.style.context("default"):
        figure = plt.figure(figsize=(12, 6.3), dpi=100, facecolor="white")
        ax = figure.add_axes((0, 0, 1, 1))
        ax.set(xlim=(0, 12), ylim=(0, 6.3))
        ax.axis("off")
        ax.text(0.8, 5.05, "Recurrent Neural Networks", size=44, weight="bold", color="#1b2733")
        ax.text(0.8, 4.25, "with Theano", size=44, weight="bold", color="#1b2733")
        ax.text(
            0.8,
            3.55,
            "An interactive book. Every number in it is checked.",
            size=21,
            color="#44505c",
        )
        circles, arrows = unrolled(5)

        def place(x: float, y: float) -> tuple[float, float]:
            return 1.6 + 2.2 * x, 0.75 + 1.0 * y

        names = {0: "x", 1: "h", 2: "y"}
        for x1, y1, x2, y2 in arrows:
            ax.annotate(
                "",
                place(x2, y2),
                place(x1, y1),
                arrowprops={
                    "arrowstyle": "-|>",
                    "color": "#8a9199",
                    "linewidth": 2.5,
                    "mutation_scale": 20,
                    "shrinkA": 26,
                    "shrinkB": 26,
                },
            )
        for x, y, colour in circles:
            ax.add_patch(plt.Circle(place(x, y), 0.34, color=colour))
            ax.text(
                *place(x, y),
                f"${names[y]}_{x + 1}$",
                size=19,
                color="white",
                ha="center",
                va="center",
            )
        # Without the Software entry the file does not depend on the version of matplotlib.
        figure.savefig(path, metadata={"Software": None})
        plt.close(figure)


def make_images() -> None:
    """Write the three pictures of the website."""
    STATIC.mkdir(exist_ok=True)
    (STATIC / "favicon.svg").write_text(svg(3, radius=0.33, line=0.16), encoding="utf-8")
    (STATIC / "logo.svg").write_text(svg(5), encoding="utf-8")
    draw_social_card(STATIC / "social-card.png")


def fetch_mathjax() -> None:
    """Replace ``_vendor/mathjax`` by the files named above, after checking the package's hash."""
    target = TOP / "_vendor" / "mathjax"
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", "--silent", MATHJAX]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        (archive,) = Path(folder).glob("*.tgz")
        digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        if digest != MATHJAX_SHA512:
            raise SystemExit(f"{MATHJAX}: expected sha512 {MATHJAX_SHA512}, got {digest}")
        shutil.rmtree(target, ignore_errors=True)
        with tarfile.open(archive) as package:
            for member in package.getmembers():
                for source, place in MATHJAX_FILES.items():
                    if member.isfile() and member.name.startswith(source):
                        path = target / (place + member.name.removeprefix(source))
                        path.parent.mkdir(parents=True, exist_ok=True)
                        path.write_bytes(package.extractfile(member).read())


def bundle_codemirror() -> None:
    """Replace ``_vendor/codemirror`` by one module with the names above, and its licences."""
    target = TOP / "_vendor" / "codemirror"
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "package.json").write_text("{}", encoding="utf-8")
        (place / "names.mjs").write_text(CODEMIRROR_NAMES, encoding="utf-8")
        install = ["npm", "install", "--silent", "--no-audit", "--no-fund", ESBUILD, *CODEMIRROR]
        subprocess.run(install, cwd=place, check=True)
        bundle = ["npx", "esbuild", "names.mjs", "--bundle", "--minify", "--format=esm"]
        out = f"--outfile={target / 'codemirror.mjs'}"
        subprocess.run([*bundle, "--log-level=warning", out], cwd=place, check=True)
        # The MIT licence, with several years and names.
        names = [name.rpartition("@")[0] for name in CODEMIRROR]
        texts = {(place / "node_modules" / name / "LICENSE").read_text("utf-8") for name in names}
        (target / "LICENSE").write_text(("\n" + "-" * 70 + "\n\n").join(sorted(texts)), "utf-8")


def main() -> None:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["images", "mathjax", "codemirror"])
    {"images": make_images, "mathjax": fetch_mathjax, "codemirror": bundle_codemirror}[
        parser.parse_args().what
    ]()


if __name__ == "__main__":
    main()
