"""A peer in a process of its own, as `cargo bench --bench peers` starts it: worker.py PEER METHOD:H:MINIBATCH

Writes a line with its name, then answers each line with a number of steps by the milliseconds of one. Where the peer is not
installed, it says so on standard error and ends.
"""

import gzip
import json
import os
import pathlib
import sys

import numpy as np

PEERS = {"jax": "jax", "torch": "torch", "torch-compiled": "torch"}


def data():
    """MNIST's training set where $MNIST_DIR has it, else random images of the same shape and share of dark pixels."""
    if folder := os.environ.get("MNIST_DIR"):
        files = [pathlib.Path(folder, f"train-{name}.gz") for name in ("images-idx3-ubyte", "labels-idx1-ubyte")]
        images, labels = (np.frombuffer(gzip.decompress(file.read_bytes()), np.uint8) for file in files)
        return images[16:].reshape(-1, 784), labels[8:]
    generator = np.random.default_rng(1)
    images = generator.integers(0, 256, (60_000, 784), np.uint8) * (generator.random((60_000, 784)) < 0.2)
    return images.astype(np.uint8), generator.integers(0, 10, 60_000, np.uint8)


def open_peer(name, method, hidden, batch_size):
    images, labels = data()
    if name == "jax":
        import jax_peer

        return jax_peer.Peer(method, hidden, batch_size, images, labels)
    import torch_peer

    return torch_peer.Peer(method, hidden, batch_size, images, labels, compiled=name == "torch-compiled")


def main():
    name, size = sys.argv[1:]
    if name not in PEERS:
        sys.exit(f"peer {name!r}: expected one of {', '.join(PEERS)}")
    method, width, batch_size = size.split(":")
    try:
        peer = open_peer(name, method, [int(width)] * 3, int(batch_size))
    except ModuleNotFoundError as error:
        sys.exit(f"{name} is not installed: {error}")
    print(json.dumps({"ready": peer.name}), flush=True)
    for line in sys.stdin:
        steps = int(line)
        seconds, loss = peer.run(steps)
        if not np.isfinite(loss):
            sys.exit(f"the loss of {peer.name} is {loss} with {method}: the comparison would be of nothing")
        print(json.dumps({"ms": 1e3 * seconds / steps}), flush=True)


if __name__ == "__main__":
    main()
