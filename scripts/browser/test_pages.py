"""Opens the pages that `make lessons` writes in Chromium as a reader would: at three widths, light and dark, without a network.

Every figure is drawn, nothing is wider than the page, nothing lies over something else, and each value of each slider and list
changes its picture.
"""

import argparse
import sys
from pathlib import Path

import chromium
import figures
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]

# Figures are then as narrow as in a notebook at 800 pixels, with the file browser beside it.
NARROW = 400
# What is wider than there is room. Code, tables and formulas scroll.
WIDE = """
() => [...document.querySelectorAll('body *')].filter(part =>
    !part.closest('pre, table, math, .js-plotly-plot') && part.getBoundingClientRect().right > window.innerWidth + 1)
    .map(part => `<${part.tagName.toLowerCase()}> ${part.textContent.slice(0, 60)}`)
"""


def check(page, path, width, everything):
    """What is wrong with a page at a width. Controls are moved through all their values once; at other widths and colours, where
    only places can differ, the figures are looked at as they open."""
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(path.as_uri())
    page.wait_for_timeout(1500)
    found, problems = figures.drawn(page, path.read_text().count("Plotly.newPlot("))
    problems += [f"wider than the page: {part}" for part in page.evaluate(WIDE)] + figures.overlaps(page)
    moved = 0
    if everything:
        moved, wrong = figures.move_controls(page, lambda: figures.overlaps(page))
        problems += wrong
    return len(found), moved, problems


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pages", nargs="*", type=Path, help="pages to open (default: all under target/lessons)")
    parser.add_argument("--screenshots", type=Path, metavar="DIR", help="keep a picture of each page at each width")
    chromium.add_option(parser)
    options = parser.parse_args()
    pages = [path.resolve() for path in options.pages] or sorted((ROOT / "target/lessons").glob("*.html"))
    if not pages:
        sys.exit("FAILED: target/lessons has no page: run `make lessons`")
    failed = 0
    with sync_playwright() as playwright:
        browser = chromium.launch(playwright, options.chromium)
        for theme in ("light", "dark"):
            context = browser.new_context(color_scheme=theme, offline=True)
            page = context.new_page()
            errors = []
            page.on("pageerror", lambda error: errors.append(f"the page says: {error}"))
            for path in pages:
                for width in (*chromium.WIDTHS, NARROW):
                    count, moved, problems = check(page, path, width, everything=theme == "light")
                    problems += errors
                    errors.clear()
                    print(f"{path.name}, {width} pixels, {theme}: {count} figures, {moved} values chosen", flush=True)
                    for problem in problems:
                        print(f"  FAILED: {problem}", flush=True)
                    failed += len(problems)
                    if options.screenshots:
                        options.screenshots.mkdir(parents=True, exist_ok=True)
                        name = f"{path.stem.lower()}-{width}-{theme}.png"
                        page.screenshot(path=options.screenshots / name, full_page=True)
            context.close()
        browser.close()
    print(f"{failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
