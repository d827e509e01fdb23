"""Runs notebooks from a clean state in the real Rust kernel, and fails where one does not do all it should.

A cell of this kernel that panics, or that returns an error through `?`, still answers "ok". So a notebook passes only if
no cell shows an error, a panic or a line on standard error (but cargo's "Compiling …"), no cell runs out of time, and the
kernel still compiles and prints a line after the last. A cell tagged `training` may take long and is left out of the
median; one tagged `stderr` may write to standard error.
"""

import argparse
import datetime
import functools
import json
import os
import re
import statistics
import subprocess
import sys
from pathlib import Path

import nbformat
from kernel_session import ANSI, KernelError, session, show, stream_text

ROOT = Path(__file__).resolve().parent.parent
CARGO_PROGRESS = re.compile(r"^\s*(Compiling|Updating|Downloading|Downloaded|Locking|Adding|Blocking) .*$")
DEBUG_FORM = re.compile(r"[A-Z]\w* \{ ")
# How long to listen for late output, in seconds of silence: after each cell, and after the last.
PAUSE, LAST_PAUSE = 0.02, 0.5


class Failure(Exception):
    """What is wrong with a notebook, in one sentence."""


def check_alive(kernel, timeout):
    """Raises Failure where the kernel does not print a line after a notebook's last cell: it, or the notebook's program, is dead."""
    line = "the kernel has run every cell"
    outputs, _ = kernel.execute(f'println!("{line}");', timeout)
    if stream_text(outputs, "stdout").splitlines() != [line]:
        raise Failure(f"after its last cell the kernel does not print a line: {show(outputs)}")


def unexpected_stderr(outputs):
    """The lines on standard error that are not cargo's progress."""
    lines = stream_text(outputs, "stderr").splitlines()
    return [line.strip() for line in lines if line.strip() and not CARGO_PROGRESS.match(line)]


def check(cell):
    """Raises Failure where a cell that has run shows anything but success."""
    for out in cell.outputs:
        if out.output_type == "error":
            raise Failure(f"it ends in an error: {ANSI.sub('', out.evalue).strip()}")
        # What a figure that cannot be drawn shows in its place.
        if out.output_type == "execute_result" and out.data.get("text/plain", "").startswith("Error: "):
            raise Failure(f"it shows an error: {out.data['text/plain']}")
        # What the kernel falls back to where the last line takes a variable away: it cannot compile the line a second time.
        if out.output_type == "execute_result" and DEBUG_FORM.match(out.data.get("text/plain", "")):
            raise Failure("it shows a value in its debug form: let its last line borrow what it uses, or be a variable alone")
    if "panicked" in stream_text(cell.outputs, "stdout") + stream_text(cell.outputs, "stderr"):
        raise Failure("it panicked")
    lines = unexpected_stderr(cell.outputs)
    if lines and "stderr" not in cell.metadata.get("tags", []):
        raise Failure(f"it wrote to standard error, as an error from `?` does: {lines[0]}")


def kind(cell):
    """Whether a cell counts as a loading, a training or a plain cell."""
    if "training" in cell.metadata.get("tags", []):
        return "training"
    return "dep" if cell.source.lstrip().startswith(":dep") else "plain"


def blame(number, cell, reason):
    """The failure of a cell, shown with its source and output."""
    print(f"  ---- cell {number}: source", *cell.source.splitlines(), sep="\n  | ")
    print("  ---- output", *show(cell.outputs), sep="\n  | ", flush=True)
    return Failure(f"cell {number}: {reason}")


def run_cells(kernel, cells, timeout):
    """Runs code cells in order, raises Failure at the first that is not as it should be; returns their seconds."""
    timings = []
    for number, cell in enumerate(cells, 1):
        first_line = cell.source.strip().splitlines()[0]
        print(f"  [{number}/{len(cells)}] {first_line[:70]}", flush=True)
        try:
            cell.outputs, seconds = kernel.execute(cell.source, timeout)
        except KernelError as error:
            hint = " (`print!` without a newline hangs a cell: use `println!`)" if "print!(" in cell.source else ""
            raise blame(number, cell, f"{error}{hint}") from error
        print(f"  {' ' * len(f'[{number}/{len(cells)}]')} {seconds:.2f} s", flush=True)
        cell.execution_count = number
        timings.append({"cell": number, "kind": kind(cell), "seconds": round(seconds, 3), "source": first_line})
        kernel.drain(LAST_PAUSE if number == len(cells) else PAUSE)
        # Standard error may come late: all cells so far are looked at.
        for earlier, each in enumerate(cells[:number], 1):
            try:
                check(each)
            except Failure as failure:
                raise blame(earlier, each, failure) from failure
    check_alive(kernel, timeout)
    return timings


@functools.cache
def commit():
    """The tree's commit, `-dirty` where it had changes: before the first notebook, since each that is written is one."""
    describe = ["git", "-C", ROOT, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        return subprocess.run(describe, capture_output=True, text=True, check=False).stdout.strip() or None
    except FileNotFoundError:
        # The image has no git, and no repository.
        return None


def provenance():
    """What made the outputs, for the notebook's metadata."""
    now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    command = "scripts/run_notebooks.py --write"
    return {"commit": commit(), "command": command, "threads": os.cpu_count(), "started": now}


# What a notebook says where it goes on without MNIST.
STAND_IN = "so the digits below are synthetic"


NUMBER = r"(?:-?\d[\d.eE+-]*|null)"
# Across lines, of which a string in JSON has none.
NUMBERS = re.compile(rf"\[\n\s*({NUMBER}(?:,\n\s*{NUMBER})*)\n\s*\]")


def compact(text):
    """JSON with each list of numbers on one line: figures have many, and on a line each they are most of a notebook's size."""
    return NUMBERS.sub(lambda found: "[" + re.sub(r"\s+", "", found[1]) + "]", text)


def run_notebook(path, options):
    """Runs one notebook in a new kernel; returns the seconds of its cells."""
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell in code:
        cell.outputs, cell.execution_count = [], None
    cells = [cell for cell in code if cell.source.strip()]
    if not cells:
        raise Failure("the notebook has no code cell")
    made_by = provenance()
    with session(path.parent) as kernel:
        timings = run_cells(kernel, cells, options.timeout)
    if options.write:
        if any(STAND_IN in stream_text(cell.outputs, "stdout") for cell in cells):
            raise Failure("MNIST was not found, and outputs of other digits are not stored: set MNIST_DIR, or `make data`")
        for cell in cells:
            # Cargo's progress differs from run to run.
            cell.outputs = [out for out in cell.outputs if out.get("name") != "stderr" or unexpected_stderr([out])]
            for out in cell.outputs:
                if "execution_count" in out:
                    out.execution_count = cell.execution_count
        notebook.metadata["vardrop"] = made_by
        path.write_text(compact(nbformat.writes(notebook)) + "\n", encoding="utf-8")
    return timings


def median(timings):
    """The median seconds of the plain cells, or None where there is none."""
    plain = [timing["seconds"] for timing in timings if timing["kind"] == "plain"]
    return round(statistics.median(plain), 3) if plain else None


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path, help="notebooks to run (default: all under notebooks/)")
    parser.add_argument("--write", action="store_true", help="store the outputs of notebooks that pass")
    parser.add_argument("--timings", type=Path, metavar="FILE", help="write the seconds of every cell as JSON")
    parser.add_argument("--timeout", type=int, default=600, metavar="S", help="seconds a cell may take (default 600)")
    return parser.parse_args(arguments)


def main(arguments=None):
    options = parse(arguments)
    paths = options.notebooks or sorted((ROOT / "notebooks").glob("*.ipynb"))
    if not paths:
        print("no notebooks: notebooks/ holds no .ipynb file", file=sys.stderr)
        return 1
    report, failed = {}, []
    for path in (path.resolve() for path in paths):
        print(path.name, flush=True)
        try:
            timings = run_notebook(path, options)
        except (Failure, KernelError, OSError, nbformat.reader.NotJSONError) as failure:
            print(f"  FAILED: {failure}", flush=True)
            failed.append(path.name)
            continue
        report[path.name] = {"median_seconds": median(timings), "cells": timings}
        print(f"  passed; the median plain cell took {median(timings)} s", flush=True)
    if options.timings:
        every = [timing for notebook in report.values() for timing in notebook["cells"]]
        options.timings.write_text(json.dumps({"median_seconds": median(every), "notebooks": report}, indent=1) + "\n")
    print(f"notebooks: {len(report)} passed, {len(failed)} failed{': ' if failed else ''}{', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
