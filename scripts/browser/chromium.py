"""How the browser tests start Chromium, and the widths at which they look."""

import shutil
import sys

WIDTHS = (1280, 800)
# Without what it would do on its own account.
ARGUMENTS = ["--disable-background-networking", "--disable-component-update", "--no-first-run", "--disable-gpu", "--no-sandbox"]


def add_option(parser):
    parser.add_argument("--chromium", metavar="PATH", help="the browser (default: the system's Chromium)")


def launch(playwright, path):
    """The browser at a path, or the system's."""
    executable = path or shutil.which("chromium") or shutil.which("chromium-browser")
    if not executable:
        sys.exit("FAILED: Chromium is not installed (apt-get install chromium), and --chromium names none")
    return playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
