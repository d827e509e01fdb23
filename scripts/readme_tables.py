"""Writes the tables of results in the documents anew from the records in results/, or checks them.

A table stands between two comments, `<!-- vardrop report table1 -->` and `<!-- end -->`, and is what that command
prints. A word after the command says what is kept of it: see `PARTS`.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = ["README.md", "docs/results.md", "experiments/protocol.md", "experiments/older.md"]
BLOCK = re.compile(r"(<!-- vardrop (report [a-z0-9-]+)(?:: ([a-z ]+))? -->\n\n)(?:(?!<!--).)*?(\n\n<!-- end -->)", re.DOTALL)


def table(report):
    """The table that a report begins with."""
    return report.split("\n\n")[0].rstrip()


def cells(row):
    return [cell.strip() for cell in row.strip("|").split("|")]


def columns(rows, kept):
    """The rows of a table with some of its columns, by their names."""
    places = [cells(rows[0]).index(name) for name in kept]
    return "\n".join(f"| {' | '.join(cells(row)[place] for place in places)} |" for row in rows)


def verdicts(report):
    """The claims over all widths that compare two methods, in few columns."""
    head, line, *rows = table(report).splitlines()
    rows = [head, line, *[row for row in rows if cells(row)[2] == "together"]]
    return columns(rows, ["Claim", "Units per layer", "Ours", "95 % interval", "Paper", "Verdict"])


def variational_a(report):
    """The rates of variational A alone, without the method's name."""
    head, line, *rows = table(report).splitlines()
    rows = [head, line, *[row for row in rows if cells(row)[0] == "Variational A"]]
    return columns(rows, cells(head)[1:])


def calibration(report):
    """Calibration without what entropy says."""
    rows = table(report).splitlines()
    return columns(rows, cells(rows[0])[:-2])


def fashion(report):
    """How Fashion-MNIST is told from the test digits."""
    head, line, *rows = table(report).splitlines()
    rows = [head, line, *[row for row in rows if cells(row)[4] == "fashion-mnist"]]
    return columns(rows, [name for name in cells(head) if name != "Unknown images"])


def letters_and_noise(report):
    """How letters and noise are told from the test digits, by networks with their noise drawn."""
    head, line, *rows = table(report).splitlines()
    is_drawn = lambda row: not cells(row)[2].startswith("none") or cells(row)[0] == "No dropout"
    rows = [head, line, *[row for row in rows if cells(row)[4] in ("letters", "noise") and is_drawn(row)]]
    return columns(rows, [name for name in cells(head) if name != "Units per layer"])


def summary(report):
    """How many points are near the paper's, and which are not run."""
    return re.search(r"(All|\d+) of the paper's \d+ points are run.*", report)[0]


def verdict(report):
    """How many points are near the paper's and how many differ, in a sentence."""
    text = summary(report)
    points, near = re.search(r"paper's (\d+) points are run: (\d+) are within 0\.15 percentage points", text).groups()
    differ = re.search(r"(\d+) of \d+ points differ by more than two of them", text)[1]
    return (
        f"{near} of the {points} points of Figure 1 are within 0.15 percentage points of the paper's, "
        f"but {differ} differ by more than two standard errors, if that is what the paper's error bars are."
    )


PARTS = {
    "": table,
    "verdicts": verdicts,
    "variational a": variational_a,
    "calibration": calibration,
    "fashion": fashion,
    "letters and noise": letters_and_noise,
    "summary": summary,
    "verdict": verdict,
}


def renewed(name, text):
    """The text of a document with what the records say now in each of its blocks."""

    def block(found):
        command = ["cargo", "run", "--locked", "--quiet", "--", *found[2].split()]
        report = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
        return found[1] + PARTS[found[3] or ""](report) + found[4]

    text, blocks = BLOCK.subn(block, text)
    if blocks != text.count("<!-- vardrop "):
        sys.exit(f"{name}: a comment <!-- vardrop … --> without its table and <!-- end -->")
    return text


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--check", action="store_true", help="change nothing; fail where a table is not what the records say")
    check = arguments.parse_args().check
    wrong = []
    for name in DOCUMENTS:
        old = (ROOT / name).read_text()
        new = renewed(name, old)
        if not check:
            (ROOT / name).write_text(new)
        elif new != old:
            wrong += [f"{name}: {line}" for line in old.splitlines() if line not in new.splitlines()] or [name]
    if wrong:
        sys.exit("the records in results/ do not say this (any more); write it anew with `make readme`:\n" + "\n".join(wrong))


if __name__ == "__main__":
    main()
