#!/usr/bin/env python3
"""Chooses what the preset `table` trains small tables by: the dropout rates, and the hidden layers.

usage: experiments/tables.py FOLDER [OUT], with vardrop on the PATH

FOLDER holds tables in CSV, with a header and the target in the last column; of each a quarter is set aside, untouched, and the rest is
split three times into four fifths to train on and a fifth to compare by. Training holds out a fifth of its part and stops once 20 epochs
in a row have not lowered the error on it, after at most 400. The rule: the candidate whose negative log-likelihood on the rows to
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


def likelihood(folder, rows, hidden, rates):
    """The negative log-likelihood of the rows to compare by."""
    command = ["vardrop", "train", "--method", "variational-b", "--data", "train.csv", "--test-data", "compare.csv", "--threads", "1"]
    command += ["--hidden", hidden, "--input-rate", str(rates[0]), "--hidden-rate", str(rates[1]), "--epochs", "400"]
    command += ["--held-out", str(rows // 5), "--patience", "20", "--export", "model", "--force"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    evaluate = ["vardrop", "evaluate", "model", "--samples", "50", "--json"]
    found = json.loads(subprocess.run(evaluate, cwd=folder, check=True, capture_output=True, text=True).stdout)
    return found.get("test_negative_log_likelihood", found.get("test_cross_entropy"))


def main(tables, out="tables.jsonl"):
    out = pathlib.Path(out)
    known = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
    runs = {(run["table"], run["split"], run["hidden"], tuple(run["rates"])): run["likelihood"] for run in known}
    paths = sorted(pathlib.Path(tables).resolve().glob("*.csv"))
    with tempfile.TemporaryDirectory() as folder, out.open("a") as file:
        folder = pathlib.Path(folder)
        for path, number in itertools.product(paths, range(SPLITS)):
            rows = split(path, number, folder)
            for hidden, rates in itertools.product(HIDDEN, RATES):
                key = (path.stem, number, hidden, rates)
                if key not in runs:
                    runs[key] = likelihood(folder, rows, hidden, rates)
                    run = {"table": path.stem, "split": number, "hidden": hidden, "rates": rates, "likelihood": runs[key]}
                    print(json.dumps(run), file=file, flush=True)
    sets = list(itertools.product((path.stem for path in paths), range(SPLITS)))
    candidates = list(itertools.product(HIDDEN, RATES))
    least = {one: min(runs[(*one, *candidate)] for candidate in candidates) for one in sets}
    above = {candidate: sum(runs[(*one, *candidate)] - least[one] for one in sets) / len(sets) for candidate in candidates}
    for (hidden, rates), nats in sorted(above.items(), key=lambda item: item[1]):
        print(f"{nats:.3f} nats above the best: --hidden {hidden} --input-rate {rates[0]} --hidden-rate {rates[1]}")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(*sys.argv[1:])
