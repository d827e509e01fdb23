"""Every relative link in the documents and notebooks leads to a file and a heading that are there, every `make` target that they
name is in the Makefile, and every path in backquotes exists. It needs no network: addresses on the web are not looked at."""

import json
import re
import subprocess
import unittest
import urllib.parse
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"!?\[(?:[^\]\[]|\[[^\]]*\])*\]\(([^)\s]+)(?: \"[^\"]*\")?\)")
TARGETS = set(re.findall(r"(?m)^([a-z0-9-]+):", (ROOT / "Makefile").read_text()))
# Folders of which a document may name a file in backquotes.
FOLDERS = "src tests scripts docs experiments results paper kernel docker deploy examples benches notebooks".split()
# What a command makes, and what a text names in general.
MADE = {"results/NAME/records.jsonl", "experiments/NAME.toml", "src/layers/YOUR_NOISE.rs"}


def documents():
    """The Markdown of each document, by its path; of a notebook, that of its cells."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md", "*.ipynb"]
    for name in subprocess.run(listed, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines():
        path = ROOT / name
        if not path.exists():
            continue
        text = path.read_text()
        if path.suffix == ".ipynb":
            cells = json.loads(text)["cells"]
            text = "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
        yield path, text


def prose(text):
    """The text without blocks of code."""
    return re.sub(r"(?ms)^```.*?^```$", "", text)


def anchors(text):
    """What GitHub calls the headings of a document in links."""
    found, counts = set(), {}
    for heading in re.findall(r"(?m)^#{1,6} +(.+?) *#*$", prose(text)):
        heading = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").replace("*", "")
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        number = counts.get(slug, 0)
        counts[slug] = number + 1
        found.add(f"{slug}-{number}" if number else slug)
    return found


class Links(unittest.TestCase):
    def setUp(self):
        self.documents = dict(documents())

    def test_there_are_documents(self):
        names = {str(path.relative_to(ROOT)) for path in self.documents}
        self.assertLessEqual({"README.md", "CONTRIBUTING.md", "docs/results.md", "experiments/protocol.md"}, names)

    def test_every_relative_link_leads_somewhere(self):
        wrong = []
        for path, text in self.documents.items():
            for link in LINK.findall(prose(text)):
                address, _, anchor = link.partition("#")
                if re.match(r"[a-z]+:", address):
                    continue
                target = (path.parent / urllib.parse.unquote(address)).resolve() if address else path
                if not target.exists():
                    wrong.append(f"{path.relative_to(ROOT)}: {link}: no such file")
                elif anchor and target.suffix == ".md" and anchor not in anchors(target.read_text()):
                    wrong.append(f"{path.relative_to(ROOT)}: {link}: no such heading")
        self.assertFalse(wrong, "\n".join(wrong))

    def test_every_make_target_that_is_named_is_in_the_makefile(self):
        wrong = []
        for path, text in self.documents.items():
            lines = [line for block in re.findall(r"(?ms)^```sh$(.*?)^```$", text) for line in block.splitlines()]
            named = re.findall(r"`make ([a-z0-9-]+)", text)
            named += [found[1] for line in lines if (found := re.match(r"make ([a-z0-9-]+)", line))]
            wrong += [f"{path.relative_to(ROOT)}: make {name}" for name in named if name not in TARGETS]
        self.assertFalse(wrong, "\n".join(wrong))

    def test_every_path_in_backquotes_exists(self):
        wrong = []
        for path, text in self.documents.items():
            for name in re.findall(r"`([\w.-]+/[\w./-]+)`", prose(text)):
                if name in MADE or name.split("/")[0] not in FOLDERS or path.name == "CHANGELOG.md":
                    continue
                if not (ROOT / name).exists():
                    wrong.append(f"{path.relative_to(ROOT)}: {name}")
        self.assertFalse(wrong, "\n".join(wrong))


if __name__ == "__main__":
    unittest.main()
