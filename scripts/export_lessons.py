"""Writes each notebook as one HTML file that needs no network: text, outputs, figures to play with, and formulas as MathML.

A static site can serve the files as they are. What a notebook shows is what it has stored: nothing is run.
"""

import argparse
import html
import json
import os
import re
import sys
import urllib.parse
from pathlib import Path

import latex2mathml.converter
import nbformat
import plotly
from nbconvert import HTMLExporter
from pygments.formatters import HtmlFormatter

ROOT = Path(__file__).resolve().parent.parent
FIGURE = "application/vnd.plotly.v1+json"
CODE_SPAN = re.compile(r"(```.*?```|`[^`\n]*`)", re.DOTALL)
FORMULA = re.compile(r"\$\$(.+?)\$\$|\$([^$\n]+?)\$", re.DOTALL)
LINK = re.compile(r"(?<!!)\[((?:[^\]\[]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
# What a browser would fetch: a link that a reader may follow is not among it.
FETCHED = re.compile(r"<(?:script|img|iframe|source)[^>]*\ssrc=\"(?!data:)([^\"]*)|<link[^>]*\shref=\"([^\"]*)|url\((https?:[^)]*)\)")

# Letters that browsers have as characters, and not as a variant of others.
SCRIPT = {"D": "𝒟", "L": "ℒ", "M": "ℳ", "N": "𝒩", "U": "𝒰"}

STYLE = """
:root { color-scheme: light dark; --text: #1f2328; --page: #ffffff; --pale: #f3f4f6; --line: #d0d7de; --link: #0969da; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6e6e6; --page: #181a1d; --pale: #24272b; --line: #3d434a; --link: #6cb0f5; }
}
body { font: 16px/1.55 system-ui, sans-serif; color: var(--text); background: var(--page); margin: 0 auto; padding: 1rem; max-width: 52rem; }
a { color: var(--link); }
pre, code { font: 13px/1.45 ui-monospace, monospace; }
div.highlight pre { background: var(--pale); padding: .6rem .8rem; overflow-x: auto; border-radius: 4px; }
div.output_area pre { overflow-x: auto; border-left: 3px solid var(--line); padding-left: .8rem; }
div.output_area, table { overflow-x: auto; }
table { display: block; border-collapse: collapse; font-size: 14px; margin: .8rem 0; }
th, td { border-bottom: 1px solid var(--line); padding: .2rem .6rem; }
caption { text-align: left; padding-bottom: .4rem; }
img, svg { max-width: 100%; }
math[display="block"] { overflow: auto hidden; margin: .8rem 0; padding: .2rem 0; }
details { border-left: 3px solid var(--line); padding-left: .8rem; margin: .4rem 0; }
.anchor-link, .prompt { display: none; }
"""


def name(path):
    """The name of a notebook's page."""
    return path.stem.replace(" ", "-") + ".html"


class Formulas:
    """Formulas of TeX as MathML, which browsers draw themselves. The conversion of Markdown sees a word in the place of each."""

    def __init__(self):
        self.drawn = []

    def set_aside(self, found):
        display = "block" if found[1] is not None else "inline"
        text = re.sub(r"\\mathcal\s*\{?([A-Z])\}?", lambda letter: SCRIPT.get(letter[1], letter[1]), found[1] or found[2])
        self.drawn.append(latex2mathml.converter.convert(text.strip(), display=display))
        return f"formula{len(self.drawn) - 1}formula"

    def put_back(self, body):
        return re.sub(r"formula(\d+)formula", lambda found: self.drawn[int(found[1])], body)


def outside_code(change, text):
    """The text with what `change` makes of its parts outside of code."""
    parts = CODE_SPAN.split(text)
    return "".join(part if index % 2 else change(part) for index, part in enumerate(parts))


def link(found):
    """A link to another lesson leads to its page; one to another file of the project becomes its path."""
    text, address = found[1], found[2]
    if re.match(r"[a-z]+:|#", address):
        return found[0]
    path = urllib.parse.unquote(address.partition("#")[0])
    if path.endswith(".ipynb"):
        return f"[{text}]({name(Path(path))})"
    return text


def figure(drawn, number):
    """A figure of plotly's as HTML; the library is in the page's head."""
    # A closing tag inside of a text would end the script.
    text = json.dumps(drawn).replace("</", "<\\/")
    return (
        f'<div id="figure-{number}"></div><script>(() => {{ const f = {text}; '
        f'Plotly.newPlot("figure-{number}", f.data, f.layout, {{ ...f.config, responsive: true }}); }})();</script>'
    )


def prepare(notebook, formulas):
    """Changes figures, formulas and links of a notebook into what a page can show."""
    count = 0
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = outside_code(lambda text: FORMULA.sub(formulas.set_aside, LINK.sub(link, text)), cell.source)
            continue
        for out in cell.get("outputs", []):
            data = out.get("data", {})
            if FIGURE in data:
                count += 1
                out.data = nbformat.from_dict({"text/html": figure(data[FIGURE], count)})


def page(path):
    """The page of a notebook, and the part of it that is the notebook's own."""
    notebook = nbformat.read(path, as_version=4)
    formulas = Formulas()
    prepare(notebook, formulas)
    exporter = HTMLExporter(template_name="basic", embed_images=True)
    body, _ = exporter.from_notebook_node(notebook, resources={"metadata": {"path": str(path.parent)}})
    body = formulas.put_back(body)
    library = (Path(plotly.__file__).parent / "package_data" / "plotly.min.js").read_text()
    light, dark = (HtmlFormatter(style=style).get_style_defs(".highlight") for style in ("default", "monokai"))
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{html.escape(path.stem)}</title>'
        f"<style>{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n{STYLE}</style>"
        f"<script>{library}</script></head>\n<body>\n{body}\n</body></html>\n"
    ), body


def write(path, folder):
    """Writes the page of a notebook into a folder."""
    text, body = page(path)
    fetched = ["".join(found) for found in FETCHED.findall(body)]
    if fetched:
        sys.exit(f"{path.name}: the page would fetch {', '.join(fetched)}: put it into the notebook instead")
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / name(path)
    target.write_text(text)
    return target


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path, help="notebooks to write (default: all under notebooks/)")
    parser.add_argument("--out", type=Path, default=ROOT / "target/lessons", help="folder to write to (default target/lessons)")
    options = parser.parse_args(arguments)
    paths = [path.resolve() for path in options.notebooks] or sorted((ROOT / "notebooks").glob("*.ipynb"))
    for path in paths:
        target = write(path, options.out)
        print(f"{os.path.relpath(target)}: {target.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
