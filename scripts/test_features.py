"""Checks the crate with every combination of features that a user may choose, warnings denied: python3 scripts/test_features.py

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
    """Runs cargo, its output shown only where it fails."""
    run = subprocess.run(
        ["cargo", *arguments], env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if run.returncode != 0:
        command = " ".join(f'"{part}"' if " " in part or not part else part for part in arguments)
        settings = "".join(f"{name}='{value}' " for name, value in environment.items())
        sys.exit(f"{run.stdout}\nthis fails: {settings}cargo {command}")
    return run.stdout


def metadata(*arguments):
    run = subprocess.run(
        ["cargo", "metadata", "--locked", "--format-version", "1", *arguments], check=True, stdout=subprocess.PIPE
    )
    return json.loads(run.stdout)


def combinations(features):
    """The sets of features that can be chosen, closed under what each brings, from the smallest to the largest."""

    def closed(chosen):
        reached = set()
        waiting = list(chosen)
        while waiting:
            feature = waiting.pop()
            if feature in features and feature not in reached:
                reached.add(feature)
                waiting.extend(features[feature])
        return frozenset(reached)

    names = sorted(name for name in features if name != "default")
    chosen = itertools.chain.from_iterable(itertools.combinations(names, size) for size in range(len(names) + 1))
    return sorted({closed(names) for names in chosen}, key=lambda combination: (len(combination), sorted(combination)))


def check_that_it_is_light():
    """Without features: few crates, none of which links a system library or calls a C compiler."""
    host = subprocess.run(["rustc", "-vV"], check=True, stdout=subprocess.PIPE, text=True).stdout
    host = next(line.removeprefix("host: ") for line in host.splitlines() if line.startswith("host: "))
    resolved = metadata("--no-default-features", "--filter-platform", host)
    packages = {package["id"]: package for package in resolved["packages"]}
    needs = {node["id"]: node["deps"] for node in resolved["resolve"]["nodes"]}

    def reached(kinds):
        waiting, found = [resolved["resolve"]["root"]], set()
        while waiting:
            package = waiting.pop()
            if package not in found:
                found.add(package)
                waiting.extend(
                    need["pkg"] for need in needs[package] if any(kind["kind"] in kinds for kind in need["dep_kinds"])
                )
        return found

    for package in reached({None, "build"}):
        name, links = packages[package]["name"], packages[package]["links"]
        if links or name in {"bindgen", "cc", "cmake", "pkg-config"}:
            sys.exit(f"without features the crate depends on {name}, which builds or links something that is not Rust")
    crates = len(reached({None}))
    if crates > MOST_CRATES:
        sys.exit(f"without features the crate is {crates} crates: expected at most {MOST_CRATES}")
    print(f"without features: {crates} crates, all of them Rust", flush=True)


def main():
    check_that_it_is_light()
    crate = metadata("--no-deps")["packages"][0]
    all_combinations = combinations(crate["features"])
    for number, combination in enumerate(all_combinations, 1):
        chosen = ["--locked", "--no-default-features", "--features", ",".join(sorted(combination))]
        began = time.monotonic()
        cargo("clippy", *chosen, "--all-targets", "--", "-D", "warnings")
        cargo("doc", *chosen, "--no-deps", RUSTDOCFLAGS="-D warnings")
        names = " ".join(sorted(combination)) or "none"
        print(f"{number} of {len(all_combinations)}: {names} ({time.monotonic() - began:.0f} s)", flush=True)
    began = time.monotonic()
    cargo("test", "--locked", "--no-default-features")
    print(f"the tests pass without features ({time.monotonic() - began:.0f} s)")


if __name__ == "__main__":
    main()
