"""Checks the crate with every combination of features that a user may choose, warnings denied: python3 scripts/test_features.py

Every combination: the library, programs and examples. With no feature, with each feature and with all: tests, benchmarks and the
documentation too.

The features are read from Cargo.toml, so that a new one cannot be forgotten. Combinations that come to the same, because one
feature brings another, are checked once. Without features the crate must be light and pure Rust, and its tests are run.
"""

import itertools
import json
import os
import subprocess
import sys
import time

# Of the crate without features, itself included.
MOST_CRATES = 60


def cargo(*arguments, **environment):
    """What cargo prints on its standard output; where it fails, the end of this program, with all that it has said."""
    run = subprocess.run(
        ["cargo", *arguments], env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    if run.returncode != 0:
        command = " ".join(f'"{part}"' if " " in part or not part else part for part in arguments)
        settings = "".join(f"{name}='{value}' " for name, value in environment.items())
        sys.exit(f"{run.stdout}{run.stderr}\nthis fails: {settings}cargo {command}")
    return run.stdout


def metadata(*arguments):
    run = subprocess.run(
        ["cargo", "metadata", "--locked", "--format-version", "1", *arguments], check=True, stdout=subprocess.PIPE
    )
    return json.loads(run.stdout)


def closed(features, chosen):
    """The features that are on where some are chosen: those, and what they bring."""
    reached, waiting = set(), list(chosen)
    while waiting:
        feature = waiting.pop()
        if feature in features and feature not in reached:
            reached.add(feature)
            waiting.extend(features[feature])
    return frozenset(reached)


def combinations(features):
    """Every set of features that can be on, from the smallest to the largest, and whether it is to be checked with its tests."""
    names = [name for name in features if name != "default"]
    chosen = itertools.chain.from_iterable(itertools.combinations(names, size) for size in range(len(names) + 1))
    with_tests = {closed(features, some) for some in [[], names, *([name] for name in names)]}
    for on in sorted({closed(features, some) for some in chosen}, key=lambda on: (len(on), sorted(on))):
        yield on, on in with_tests


def check_that_it_is_light():
    """Without features: few crates, none of which links a system library or calls a C compiler."""

    def crates(kinds):
        # `cargo metadata` would count what only tests bring.
        tree = cargo("tree", "--locked", "--no-default-features", "--edges", kinds, "--prefix", "none", "--format", "{p}")
        return {tuple(line.split()[:2]) for line in tree.splitlines() if line}

    host = subprocess.run(["rustc", "--print", "host-tuple"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    known = metadata("--no-default-features", "--filter-platform", host)["packages"]
    links = {package["name"] for package in known if package["links"]}
    for name, _ in sorted(crates("normal,build")):
        if name in links | {"bindgen", "cc", "cmake", "pkg-config"}:
            sys.exit(f"without features the crate depends on {name}, which builds or links something that is not Rust")
    count = len(crates("normal"))
    if count > MOST_CRATES:
        sys.exit(f"without features the crate is {count} crates: expected at most {MOST_CRATES}")
    print(f"without features: {count} crates, all of them Rust", flush=True)


def main():
    check_that_it_is_light()
    crate = next(package for package in metadata("--no-deps")["packages"] if package["name"] == "vardrop")
    every = list(combinations(crate["features"]))
    for number, (on, with_tests) in enumerate(every, 1):
        chosen = ["--locked", "--no-default-features", "--features", ",".join(sorted(on))]
        began = time.monotonic()
        targets = ["--all-targets"] if with_tests else ["--lib", "--bins", "--examples"]
        cargo("clippy", *chosen, *targets, "--", "-D", "warnings")
        if with_tests:
            cargo("doc", *chosen, "--no-deps", RUSTDOCFLAGS="-D warnings")
        names = " ".join(sorted(on)) or "none"
        print(f"{number} of {len(every)}: {names} ({time.monotonic() - began:.0f} s)", flush=True)
    began = time.monotonic()
    cargo("test", "--locked", "--no-default-features")
    print(f"the tests pass without features ({time.monotonic() - began:.0f} s)")


if __name__ == "__main__":
    main()
