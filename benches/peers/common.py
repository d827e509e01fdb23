"""What the peers share: the constants of the crate's step, its initial parameters, and the data."""

import gzip
import os
import pathlib

import numpy as np

METHODS = ("none", "binary", "gaussian-a", "variational-a", "gaussian-b", "variational-b")
# -KL(α) = ½ ln α + C1 α + C2 α² + C3 α³
C1, C2, C3 = 1.161451241083230, -1.502041176441722, 0.586299206427007
RATE, ALPHA_STEP, BETA1, BETA2, EPSILON = 1e-3, 20.0, 0.9, 0.999, 1e-8
AVERAGING = 0.999
# Added to a variance: without it the root's gradient is infinite where a row is all zeros.
TINY = 1e-12


def dropout_rate(layer):
    return 0.2 if layer == 0 else 0.5


def initial_parameters(method, widths, seed=1):
    """For each layer a dictionary of arrays: centred columns of unit norm; ln α by input unit (type A) or weight (type B)."""
    generator = np.random.default_rng(seed)
    layers = []
    for index, (inputs, outputs) in enumerate(zip(widths, widths[1:])):
        weight = generator.standard_normal((inputs, outputs), dtype=np.float32)
        weight -= weight.mean(0)
        layer = {"weight": weight / np.linalg.norm(weight, axis=0), "bias": np.zeros(outputs, np.float32)}
        shape = {"variational-a": inputs, "variational-b": (inputs, outputs)}.get(method)
        if shape is not None:
            p = dropout_rate(index)
            layer["log_alpha"] = np.full(shape, np.log(p / (1 - p)), np.float32)
        layers.append(layer)
    return layers


def data():
    """MNIST's training set where $MNIST_DIR has it, else random images of the same shape and share of dark pixels."""
    if folder := os.environ.get("MNIST_DIR"):
        files = [pathlib.Path(folder, f"train-{name}.gz") for name in ("images-idx3-ubyte", "labels-idx1-ubyte")]
        images, labels = (np.frombuffer(gzip.decompress(file.read_bytes()), np.uint8) for file in files)
        return images[16:].reshape(-1, 784), labels[8:]
    generator = np.random.default_rng(1)
    images = generator.integers(0, 256, (60_000, 784), np.uint8) * (generator.random((60_000, 784)) < 0.2)
    return images.astype(np.uint8), generator.integers(0, 10, 60_000, np.uint8)


def minibatches(examples, batch_size, steps, generator):
    """(steps × batch_size) shuffled indices: no example twice before all have been drawn."""
    epochs = -(-steps * batch_size // examples)
    order = np.concatenate([generator.permutation(examples) for _ in range(epochs)])
    return order[: steps * batch_size].reshape(steps, batch_size)
