"""Does in Chromium what a person does with the notebook server, and fails where anything is not as it should be.

Logs in (the wrong password is refused), opens each notebook, runs all its cells, and waits until each has its number. Then
every interactive figure is drawn, no output is wider than its cell at 1280 and at 800 pixels (neither are those that were
stored), where the file browser leaves room for 360, no text, legend or list lies over another part of its figure, every value
of every slider and list changes its picture, no cell shows an error, Tab completes a name of the crate and Shift-Tab shows
its documentation, and no request has left for another host. Nothing is saved: the notebooks keep their outputs, the server
its settings.
"""

import argparse
import json
import re
import sys
from pathlib import Path
from urllib.parse import quote, urlsplit

import chromium
import figures
from chromium import WIDTHS
from playwright.sync_api import Error, TimeoutError, sync_playwright

HEIGHT = 900
# A page that is taller than this is cut off in its screenshot.
MOST_HEIGHT = 16_000
TRACKER = "@jupyterlab/notebook-extension:tracker"
SETTINGS = {
    # Cells out of sight would otherwise not be in the page.
    TRACKER: {"windowingMode": "none"},
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
}

# Of each output that has something wider than there is room: its cell, its kind, and the pixels. A table or a line of text
# may be wider where its output scrolls; a figure may not.
MEASURE = """
() => [...document.querySelectorAll('.jp-Notebook .jp-CodeCell')].flatMap((cell, index) => {
    const right = cell.getBoundingClientRect().right;
    return [...cell.querySelectorAll('.jp-OutputArea-output')].flatMap(output => {
        const scrolls = ['auto', 'scroll'].includes(getComputedStyle(output).overflowX);
        const room = Math.min(right, output.getBoundingClientRect().right);
        const parts = [output, ...output.querySelectorAll(scrolls ? 'img, .main-svg' : 'img, .main-svg, table, pre')];
        const beyond = Math.max(...parts.map(part => part.getBoundingClientRect().right - (part === output ? right : room)));
        return beyond > 1 ? [{cell: index + 1, mime: output.dataset.mimeType || output.className, beyond}] : [];
    });
})
"""

# The text and the errors of every code cell.
OUTPUTS = """
() => [...document.querySelectorAll('.jp-Notebook .jp-CodeCell')].map(cell => ({
    prompt: cell.querySelector('.jp-InputPrompt')?.textContent ?? '',
    text: [...cell.querySelectorAll('.jp-OutputArea-output')].map(output => output.textContent).join('\\n'),
    errors: [...cell.querySelectorAll('[data-mime-type$=".stderr"], [data-mime-type$=".error"]')].map(e => e.textContent),
}))
"""


# The part of a notebook that its excerpt shows: a code cell with this in its source is at the top.
EXCERPTS = {
    "Opening Results.ipynb": "figure1(&records)?",
    "Comparing Empirical Variance.ipynb": "variance_curves(&shares)",
    "Investigating Adaptive Properties.ipynb": "input_alpha(&model.network",
}
SCROLL_TO = """
source => [...document.querySelectorAll('.jp-Notebook .jp-CodeCell')]
    .find(cell => cell.querySelector('.jp-InputArea-editor').textContent.includes(source))
    .scrollIntoView({block: 'start'})
"""


class Failure(Exception):
    """What is not as it should be, in one sentence."""


def expect(holds, otherwise):
    if not holds:
        raise Failure(otherwise)


class Browser:
    """One page of a browser, and every address that it asked for."""

    def __init__(self, playwright, options):
        self.options = options
        self.root = options.url.rstrip("/")
        self.browser = chromium.launch(playwright, options.chromium)
        self.context = self.browser.new_context(
            ignore_https_errors=True, viewport={"width": WIDTHS[0], "height": HEIGHT}, color_scheme=options.theme
        )
        self.addresses = []
        self.context.on("request", lambda request: self.addresses.append(request.url))
        self.context.route(re.compile(r"/lab/api/settings"), self.patch_settings)
        self.context.route(re.compile(r"/api/contents/"), self.refuse_to_save)
        self.page = self.context.new_page()
        self.page.on("websocket", lambda socket: self.addresses.append(socket.url))
        self.page_errors = []
        self.moved = 0
        self.page.on("pageerror", lambda error: self.page_errors.append(str(error)))
        self.page.set_default_timeout(60_000)

    def patch_settings(self, route):
        """Answers with the test's settings, which so are not the server's."""
        if route.request.method != "GET":
            route.fulfill(status=204)
            return
        answer = route.fetch()
        body = answer.json()
        for plugin in body.get("settings", [body]):
            own = dict(SETTINGS.get(plugin.get("id"), {}))
            if plugin.get("id") == "@jupyterlab/apputils-extension:themes" and self.options.theme == "dark":
                own["theme"] = "JupyterLab Dark"
            if own:
                plugin["raw"] = json.dumps(own)
                plugin["settings"] = {**(plugin.get("settings") or {}), **own}
        route.fulfill(response=answer, json=body)

    @staticmethod
    def refuse_to_save(route):
        """Notebooks stay as they are. A save, and the copy that JupyterLab makes of a file when it opens it, are pretended: a
        dialog about one that failed would cover the page."""
        if route.request.method in ("GET", "HEAD"):
            route.continue_()
        elif route.request.method == "POST" and urlsplit(route.request.url).path.endswith("/checkpoints"):
            route.fulfill(status=201, json={"id": "checkpoint", "last_modified": "2000-01-01T00:00:00Z"})
        elif route.request.method == "PUT":
            route.fulfill(response=route.fetch(method="GET", url=f"{route.request.url.split('?')[0]}?content=0", post_data=""))
        else:
            route.abort()

    def strangers(self):
        """The addresses on other hosts than the server's."""
        own = urlsplit(self.root).netloc
        inner = ("data", "blob", "about", "chrome-extension")
        return [a for a in self.addresses if urlsplit(a).scheme not in inner and urlsplit(a).netloc != own]

    def log_in(self):
        page, options = self.page, self.options
        if options.token:
            page.goto(f"{self.root}/lab?token={quote(options.token)}")
            return
        page.goto(f"{self.root}/login")
        for password, let_in in ((options.password + " not", False), (options.password, True)):
            page.fill("#password_input", password)
            page.click("#login_submit")
            page.wait_for_load_state()
            inside = not urlsplit(page.url).path.endswith("/login")
            expect(inside == let_in, f"the {'right' if let_in else 'wrong'} password is {'let in' if inside else 'refused'}")
            print(f"  the {'right' if let_in else 'wrong'} password is {'let in' if inside else 'refused'}", flush=True)

    def notebooks(self):
        """The notebooks of the server's folder, without those in folders."""
        answer = self.page.request.get(f"{self.root}/api/contents").json()
        return sorted(entry["name"] for entry in answer["content"] if entry["type"] == "notebook")

    def stored_figures(self, name):
        """How many interactive figures a notebook has in its file."""
        answer = self.page.request.get(f"{self.root}/api/contents/{quote(name)}?content=1")
        expect(answer.ok, f"the server answers {answer.status} for it")
        outputs = [output for cell in answer.json()["content"]["cells"] for output in cell.get("outputs", [])]
        return sum("application/vnd.plotly.v1+json" in output.get("data", {}) for output in outputs)

    def menu(self, bar, item):
        self.page.click(f".lm-MenuBar-itemLabel:text-is('{bar}')")
        self.page.click(f".lm-Menu-itemLabel:text-is('{item}')")

    def run(self, name):
        """Opens a notebook and runs it to its end."""
        page = self.page
        page.set_viewport_size({"width": WIDTHS[0], "height": HEIGHT})
        page.goto(f"{self.root}/lab/tree/{quote(name)}?reset")
        page.wait_for_selector(".jp-Notebook .jp-CodeCell")
        for width in reversed(WIDTHS):
            self.check_widths(width)
        # The kernel compiles before it says that it is ready.
        page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status='idle']", timeout=300_000)
        self.menu("Edit", "Clear Outputs of All Cells")
        self.menu("Run", "Run All Cells")
        try:
            # A cell has its number once it has run.
            page.wait_for_function(
                "() => [...document.querySelectorAll('.jp-Notebook .jp-CodeCell .jp-InputArea-prompt')]"
                ".every(prompt => /\\[\\d+\\]/.test(prompt.textContent))",
                timeout=1000 * self.options.timeout, polling=500,
            )
        except TimeoutError:
            shown = [f"{cell['prompt']} {cell['text'][-200:]}" for cell in page.evaluate(OUTPUTS) if cell["text"]]
            raise Failure(f"not all cells ran within {self.options.timeout} s; the last outputs: {shown[-3:]}") from None
        # The last figure is drawn a moment after its output has come.
        page.wait_for_timeout(2000)

    def check_cells(self):
        for number, cell in enumerate(self.page.evaluate(OUTPUTS), 1):
            errors = [e for e in cell["errors"] if not re.fullmatch(r"\s*((Compiling|Blocking|Locking|Adding) .*\s*)*", e)]
            expect(not errors, f"code cell {number} shows {errors[:1]}")
            expect("panicked" not in cell["text"] and "\nError: " not in cell["text"], f"cell {number}: {cell['text'][-300:]}")

    def check_figures(self, stored):
        _, problems = figures.drawn(self.page, stored)
        expect(not problems, "; ".join(problems[:5]))

    def check_controls(self):
        """Sliders and lists, at the first width."""
        self.page.set_viewport_size({"width": WIDTHS[0], "height": HEIGHT})
        self.moved, problems = figures.move_controls(self.page, lambda: figures.overlaps(self.page))
        expect(not problems, "; ".join(problems[:5]))

    def check_widths(self, width):
        """At a width of the page: figures as high as before, nothing over a part of one, and nothing wider than its cell."""
        before = self.page.evaluate(figures.DRAWN)
        self.page.set_viewport_size({"width": width, "height": HEIGHT})
        self.page.wait_for_timeout(2500)
        for old, new in zip(before, self.page.evaluate(figures.DRAWN), strict=True):
            expect(abs(old["height"] - new["height"]) < 2, f"at {width} pixels, a figure is not as high as before: {old}, {new}")
        covered = figures.overlaps(self.page)
        expect(not covered, f"at {width} pixels, {covered[:5]}")
        wide = self.page.evaluate(MEASURE)
        expect(not wide, f"at {width} pixels, outputs are wider than their cells: {wide}")

    def screenshot(self, name, width):
        """The whole notebook in one picture."""
        folder = self.options.screenshots
        if not folder:
            return
        folder.mkdir(parents=True, exist_ok=True)
        inner = self.page.evaluate("() => document.querySelector('.jp-WindowedPanel-outer').scrollHeight")
        self.page.set_viewport_size({"width": width, "height": min(inner + 120, MOST_HEIGHT)})
        self.page.evaluate("() => document.querySelector('.jp-WindowedPanel-outer').scrollTo(0, 0)")
        self.page.wait_for_timeout(2000)
        stem = re.sub(r"[^a-z0-9]+", "-", Path(name).stem.lower())
        self.page.screenshot(path=folder / f"{stem}-{width}-{self.options.theme}.png")

    def excerpt(self, name):
        """What a window shows of the notebook around its most telling figure."""
        folder = self.options.excerpts
        if not folder or name not in EXCERPTS:
            return
        folder.mkdir(parents=True, exist_ok=True)
        self.page.set_viewport_size({"width": WIDTHS[0], "height": HEIGHT})
        self.page.mouse.move(0, HEIGHT - 1)
        # Again: what is above the cell is laid out only once it has been in sight.
        for _ in range(3):
            self.page.evaluate(SCROLL_TO, EXCERPTS[name])
            self.page.wait_for_timeout(1500)
        stem = re.sub(r"[^a-z0-9]+", "-", Path(name).stem.lower())
        self.page.screenshot(path=folder / f"{stem}-{self.options.theme}.png")

    def check_help(self):
        """Completion and documentation of the crate's names, in a new cell at the end."""
        page = self.page
        page.set_viewport_size({"width": WIDTHS[0], "height": HEIGHT})
        page.locator(".jp-Notebook .jp-CodeCell .jp-InputPrompt").last.click()
        page.keyboard.press("b")
        page.keyboard.press("Enter")
        page.keyboard.type("vardrop::training::Config::")
        page.keyboard.press("Tab")
        page.wait_for_selector(".jp-Completer .jp-Completer-item:has-text('new')", timeout=30_000)
        page.keyboard.press("Escape")
        page.keyboard.type("new(")
        page.keyboard.press("Shift+Tab")
        try:
            page.wait_for_selector(".jp-Tooltip:has-text('hidden')", timeout=30_000)
        except TimeoutError:
            raise Failure("Shift-Tab shows no documentation of Config::new") from None
        page.keyboard.press("Escape")

    def stop_kernels(self):
        headers = {"X-XSRFToken": next((c["value"] for c in self.context.cookies() if c["name"] == "_xsrf"), "")}
        if self.options.token:
            headers["Authorization"] = f"token {self.options.token}"
        for kernel in self.page.request.get(f"{self.root}/api/kernels", headers=headers).json():
            self.page.request.delete(f"{self.root}/api/kernels/{kernel['id']}", headers=headers)

    def check_notebook(self, name):
        print(name, flush=True)
        stored = self.stored_figures(name)
        self.run(name)
        problems = []
        checks = [self.check_cells, lambda: self.check_figures(stored)]
        for width in WIDTHS:
            checks += [lambda width=width: self.check_widths(width), lambda width=width: self.screenshot(name, width)]
        checks += [self.check_controls, lambda: self.excerpt(name), self.check_help]
        for check in checks:
            try:
                check()
            except (Failure, TimeoutError) as failure:
                problems.append(str(failure))
        count = len(self.page.evaluate(figures.DRAWN))
        self.stop_kernels()
        expect(not problems, "; ".join(problems))
        print(f"  finished; {count} interactive figures are drawn, {self.moved} values of their controls chosen, nothing is too wide", flush=True)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url", help="the server, such as https://localhost")
    secret = parser.add_mutually_exclusive_group(required=True)
    secret.add_argument("--password", help="its password; the wrong one is tried first")
    secret.add_argument("--token", help="its token")
    parser.add_argument("--notebooks", nargs="+", metavar="NAME", help="notebooks to run (default: all in its folder)")
    parser.add_argument("--screenshots", type=Path, metavar="DIR", help="keep a picture of each notebook at each width")
    parser.add_argument("--excerpts", type=Path, metavar="DIR", help="keep a picture of one figure of each notebook")
    parser.add_argument("--theme", choices=("light", "dark"), default="light", help="JupyterLab's theme")
    parser.add_argument("--timeout", type=int, default=1800, metavar="S", help="seconds a notebook may take (default 1800)")
    chromium.add_option(parser)
    return parser.parse_args()


def main():
    options = parse()
    failed = []
    with sync_playwright() as playwright:
        try:
            browser = Browser(playwright, options)
        except (Failure, Error) as failure:
            sys.exit(f"FAILED: {failure}")
        try:
            browser.log_in()
            names = options.notebooks or browser.notebooks()
            for name in names:
                try:
                    browser.check_notebook(name)
                except (Failure, TimeoutError) as failure:
                    print(f"  FAILED: {failure}", flush=True)
                    failed.append(name)
                    browser.stop_kernels()
            strangers = browser.strangers()
            expect(not strangers, f"{len(strangers)} requests left for other hosts: {sorted(set(strangers))[:5]}")
            print(f"{len(browser.addresses)} requests, all to {urlsplit(options.url).netloc}")
        except (Failure, Error) as failure:
            print(f"FAILED: {failure}")
            failed.append("the session")
        finally:
            for error in browser.page_errors:
                print(f"the page says: {error}")
            browser.browser.close()
    print(f"{len(failed)} failed{': ' if failed else ''}{', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
