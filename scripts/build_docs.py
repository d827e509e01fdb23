"""Builds the documentation as a site, by `make docs`: the pages that docs/SUMMARY.md names by mdBook, the reference of both
crates in api/, and the notebooks with their stored outputs in lessons/. Then follows every link of the site that leads to a file of it.

In the pages, a link to a file of the repository that is not part of the site becomes that file's name.
"""

import argparse
import re
import shutil
import subprocess
import sys
import urllib.parse
from html.parser import HTMLParser
from pathlib import Path

import export_lessons

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / ".cache/book"
LINK = re.compile(r"(!?)\[((?:[^\]\[]|\[[^\]]*\])*)\]\(([^)\s]+)\)")


def summary():
    """docs/SUMMARY.md, its links as the site's pages have them, and the pages that it names."""
    text = (ROOT / "docs/SUMMARY.md").read_text()
    pages = []

    def moved(found):
        page = (ROOT / "docs" / found[3]).resolve().relative_to(ROOT)
        pages.append(page)
        return f"[{found[2]}]({page.as_posix()})"

    text = LINK.sub(moved, text)
    lessons = "".join(f"- [{path.stem}](lessons/{path.stem.replace(' ', '-')}.md)\n" for path in notebooks())
    return text.replace("# The project", f"# Lessons and reference\n\n{lessons}- [The crates](api.md)\n\n# The project"), pages


def notebooks():
    return [ROOT / "notebooks" / f"{name}.ipynb" for name in
            ("Opening Results", "Comparing Empirical Variance", "Investigating Adaptive Properties")]


def write_pages():
    """The pages as mdBook reads them, in folders as in the repository."""
    text, pages = summary()
    target = WORK / "pages"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    shutil.copy(ROOT / "docs/book.toml", WORK)
    (target / "SUMMARY.md").write_text(text)

    def link(page):
        def replaced(found):
            image, words, address = found[1], found[2], found[3]
            path, _, anchor = address.partition("#")
            if re.match(r"[a-z]+:", address) or not path:
                return found[0]
            file = (ROOT / page).parent.joinpath(urllib.parse.unquote(path)).resolve()
            if image:
                copy = target / file.relative_to(ROOT)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, copy)
                return found[0]
            up = "../" * (len(page.parts) - 1)
            if file.suffix == ".ipynb":
                return f"[{words}]({up}lessons/{export_lessons.name(file)})"
            # mdBook calls the page of a README index.
            return found[0].replace("README.md", "index.md") if file.relative_to(ROOT) in pages else words

        return replaced

    for page in pages:
        copy = target / page
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(LINK.sub(link(page), (ROOT / page).read_text()))
    (target / "lessons").mkdir()
    for path in notebooks():
        (target / "lessons" / f"{path.stem.replace(' ', '-')}.md").write_text(f"# {path.stem}\n")
    crates = [f"- [`{name}`](api/{name.replace('-', '_')}/index.html)\n" for name in ("vardrop", "vardrop-burn")]
    (target / "api.md").write_text(f"# The crates\n\nThe reference of each:\n\n{''.join(crates)}")


class Addresses(HTMLParser):
    """What a page links to, and what in it can be linked to."""

    def __init__(self, text):
        super().__init__()
        self.links, self.names = [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("href", "src") and value:
                self.links.append(value)
            elif name in ("id", "name") and value:
                self.names.add(value)


def broken(site):
    """The links of the site's own pages (not of the reference, which rustdoc checks) that lead to nothing in it."""
    pages = {}

    def page(path):
        if path not in pages:
            pages[path] = Addresses(path.read_text())
        return pages[path]

    for path in sorted(site.rglob("*.html")):
        parts = path.relative_to(site).parts
        if parts[0] in ("api", "lessons") or path.name in ("404.html", "print.html", "toc.html"):
            continue
        for link in page(path).links:
            address, _, anchor = urllib.parse.unquote(link).partition("#")
            if re.match(r"[a-z]+:|//", link):
                continue
            target = path.parent.joinpath(address.partition("?")[0]).resolve() if address else path
            if not target.exists():
                yield f"{'/'.join(parts)}: {link}: no such file"
            elif anchor and target.suffix == ".html" and parts[0] != "api" and anchor not in page(target).names:
                yield f"{'/'.join(parts)}: {link}: no such place"


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--mdbook", default=".cache/mdbook/bin/mdbook", help="the program mdbook")
    arguments.add_argument("--reference", default="target/doc", help="what `cargo doc` has written")
    arguments.add_argument("--out", default="target/book", help="the folder of the site")
    given = arguments.parse_args()
    site = (ROOT / given.out).resolve()
    write_pages()
    subprocess.run([ROOT / given.mdbook, "build", "--dest-dir", site, WORK], check=True)
    shutil.copytree(ROOT / given.reference, site / "api", dirs_exist_ok=True)
    for path in notebooks():
        export_lessons.write(path, site / "lessons")
    if wrong := list(broken(site)):
        sys.exit("\n".join(wrong))
    print(f"the site is in {site}: open index.html")


if __name__ == "__main__":
    main()
