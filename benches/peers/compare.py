"""Times an epoch of `vardrop train` beside the same epoch in JAX and prints a Markdown table: compare.py --help

The two take turns, so that whatever else the machine does weighs on both; each entry is a median. What is timed is the same
for both: the steps of an epoch on all training examples, without reading data, shuffling, compiling or evaluating.
"""

import argparse
import datetime
import gzip
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys

import jax
import numpy as np

import jax_peer

PRNGS = ("threefry2x32", "rbg", "unsafe_rbg")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    program = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", "target"), "release/vardrop")
    parser.add_argument("--vardrop", default=program, help="the program (%(default)s)")
    parser.add_argument("--methods", default=",".join(jax_peer.METHODS), help="separated by commas (%(default)s)")
    parser.add_argument("--width", type=int, default=250, help="H, of three hidden layers (%(default)s)")
    parser.add_argument("--batch-size", type=int, default=100, help="examples in a minibatch (%(default)s)")
    parser.add_argument("--epochs", type=int, default=5, help="timed epochs of each (%(default)s)")
    parser.add_argument("--threads", default=f"1,{os.cpu_count()}", help="numbers of threads for ours (%(default)s)")
    parser.add_argument("--prng", choices=PRNGS, default=PRNGS[0], help="JAX's generator (%(default)s, JAX's default)")
    parser.add_argument("--memory", action="store_true", help="also the peak memory of ours")
    return parser.parse_args()


def mnist():
    """MNIST where $MNIST_DIR has it, else random images of the same shape and share of dark pixels; for JAX."""
    folder = pathlib.Path(os.environ.get("MNIST_DIR", "data/mnist"))
    files = [folder / f"train-{name}.gz" for name in ("images-idx3-ubyte", "labels-idx1-ubyte")]
    if all(file.exists() for file in files):
        images, labels = (np.frombuffer(gzip.decompress(file.read_bytes()), np.uint8) for file in files)
        return "mnist", images[16:].reshape(-1, 784), labels[8:]
    generator = np.random.default_rng(1)
    images = generator.integers(0, 256, (60_000, 784), np.uint8) * (generator.random((60_000, 784)) < 0.2)
    return "synthetic", images.astype(np.uint8), generator.integers(0, 10, 60_000, np.uint8)


def ours(options, dataset, method, threads):
    """One warm epoch of ours: the second of a run of two. Returns seconds and the run's peak memory in MiB."""
    widths = ",".join([str(options.width)] * 3)
    command = [str(options.vardrop), "train", "--json", "--method", method, "--hidden", widths, "--data", dataset]
    command += ["--batch-size", str(options.batch_size), "--epochs", "2", "--held-out", "0", "--threads", str(threads)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stderr}")
    run = json.loads(done.stdout)
    return run["epochs"][-1]["seconds"], run["peak_memory_mib"]


def processor():
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def main():
    options = arguments()
    threads = sorted({int(count) for count in options.threads.split(",")})
    dataset, images, labels = mnist()
    version = subprocess.run([options.vardrop, "--version"], capture_output=True, text=True).stdout.strip()
    print(f"Seconds per epoch of 60,000 examples ({dataset}), 784-{'-'.join([str(options.width)] * 3)}-10, minibatch")
    print(f"{options.batch_size}; medians of {options.epochs} epochs in turns (fastest in brackets).")
    print(f"{processor()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start; {datetime.date.today()};")
    print(f"{version}, JAX {jax.__version__} ({options.prng}, all cores), Python {platform.python_version()}.\n")
    names = [f"ours, {count} thread{'s' if count > 1 else ''}" for count in threads]
    columns = ["method", *names, "JAX", *(f"JAX / {name}" for name in names)]
    columns += ["peak memory of ours, MiB"] if options.memory else []
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}", flush=True)
    for method in options.methods.split(","):
        peer = jax_peer.Peer(method, [options.width] * 3, options.batch_size, images, labels, options.prng)
        # The first call compiles, the second warms up.
        peer.epoch()
        peer.epoch()
        times = {name: [] for name in [*names, "JAX"]}
        memory = []
        for _ in range(options.epochs):
            for count, name in zip(threads, names):
                seconds, peak = ours(options, dataset, method, count)
                times[name].append(seconds)
                memory.append(peak)
            seconds, loss = peer.epoch()
            if not np.isfinite(loss):
                sys.exit(f"JAX's loss is {loss} with {method}: the comparison would be of nothing")
            times["JAX"].append(seconds)
        median = {name: statistics.median(seconds) for name, seconds in times.items()}
        cells = [method, *(f"{median[name]:.2f} ({min(times[name]):.2f})" for name in [*names, "JAX"])]
        cells += [f"{median['JAX'] / median[name]:.2f}" for name in names]
        cells += [f"{max(memory):.0f}"] if options.memory and None not in memory else ["–"] if options.memory else []
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
