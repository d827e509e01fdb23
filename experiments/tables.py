#!/usr/bin/env python3
"""Chooses what the preset `table` trains small tables by: the dropout rates, the hidden layers, and what an epoch is chosen by.

usage: experiments/tables.py FOLDER [OUT], with vardrop on the PATH

FOLDER holds tables in CSV, with a header and the target in the last column; of each a quarter is set aside, untouched, and the rest is
split three times into four fifths to train on and a fifth to compare by. Training holds out a fifth of its part and stops once 20 epochs
in a row were no better on it, by their error or by their likelihood, after at most 400. The rule: the candidate whose negative log-likelihood on the rows to
compare by, with 50 drawn networks, lies least above the best candidate's, on average over tables and splits. OUT (tables.jsonl) keeps one
line a run; what is in it is not run again.

It was run on eight tables: concrete, energy, wine quality (red) and yacht of the UCI repository, and diabetes, breast cancer, wine and
digits of scikit-learn.
"""

import csv
import itertools
import json
import pathlib
import random
import subprocess
import sys
import tempfile

RATES = [(0.2, 0.5), (0.1, 0.2), (0.05, 0.05), (0.01, 0.01)]
HIDDEN = ["50", "100,100", "100,100,100"]
SELECTIONS = ["error", "likelihood"]
SPLITS = 3


def write(path, header, rows):
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def split(path, number, folder):
    """The rows to train on and to compare by."""
    with open(path, newline="") as file:
        header, *rows = csv.reader(file)
    random.Random(0).shuffle(rows)
    rows = rows[len(rows) // 4 :]
    random.Random(number + 1).shuffle(rows)
    fifth = len(rows) // 5
    write(folder / "compare.csv", header, rows[:fifth])
    write(folder / "train.csv", header, rows[fifth:])
    return len(rows) - fifth


def likelihood(folder, rows, hidden, rates, selection):
    """The negative log-likelihood of the rows to compare by."""
    command = ["vardrop", "train", "--method", "variational-b", "--data", "train.csv", "--test-data", "compare.csv", "--threads", "1"]
    command += ["--hidden", hidden, "--input-rate", str(rates[0]), "--hidden-rate", str(rates[1]), "--epochs", "400"]
    command += ["--held-out", str(rows // 5), "--patience", "20", "--selection", selection, "--export", "model", "--force"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    evaluate = ["vardrop", "evaluate", "model", "--samples", "50", "--json"]
    found = json.loads(subprocess.run(evaluate, cwd=folder, check=True, capture_output=True, text=True).stdout)
    return found.get("test_negative_log_likelihood", found.get("test_cross_entropy"))


def main(tables, out="tables.jsonl"):
    out = pathlib.Path(out)
    known = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
    named = [((run["table"], run["split"], run["hidden"], tuple(run["rates"]), run["selection"]), run) for run in known]
    runs = {key: run["likelihood"] for key, run in named}
    paths = sorted(pathlib.Path(tables).resolve().glob("*.csv"))
    with tempfile.TemporaryDirectory() as folder, out.open("a") as file:
        folder = pathlib.Path(folder)
        for path, number in itertools.product(paths, range(SPLITS)):
            rows = split(path, number, folder)
            for candidate in itertools.product(HIDDEN, RATES, SELECTIONS):
                key = (path.stem, number, *candidate)
                if key not in runs:
                    runs[key] = likelihood(folder, rows, *candidate)
                    names = ("table", "split", "hidden", "rates", "selection")
                    run = dict(zip(names, key, strict=True)) | {"likelihood": runs[key]}
                    print(json.dumps(run), file=file, flush=True)
    sets = list(itertools.product((path.stem for path in paths), range(SPLITS)))
    candidates = list(itertools.product(HIDDEN, RATES, SELECTIONS))
    least = {one: min(runs[(*one, *candidate)] for candidate in candidates) for one in sets}
    above = {candidate: sum(runs[(*one, *candidate)] - least[one] for one in sets) / len(sets) for candidate in candidates}
    for (hidden, rates, selection), nats in sorted(above.items(), key=lambda item: item[1]):
        options = f"--hidden {hidden} --input-rate {rates[0]} --hidden-rate {rates[1]} --selection {selection}"
        print(f"{nats:.3f} nats above the best: {options}")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(*sys.argv[1:])
