"""The training step of `vardrop train` as one would write it in PyTorch for the CPU, eager or with its objective compiled.

784-H-H-H-10 with rectifiers; the fused Adam and the bias-corrected average of the parameters; shuffled minibatches of data that
stay in memory as bytes, in single precision. The same methods as jax_peer.py, whose numbers test_peers.py compares these with.
"""

import time

import numpy as np
import torch
from torch.nn import functional

import common
from common import ALPHA_STEP, AVERAGING, BETA1, BETA2, C1, C2, C3, EPSILON, RATE, TINY


class Noise:
    """Draws from PyTorch's own generator."""

    def normal(self, layer, shape):
        return torch.randn(shape)

    def kept(self, layer, shape, p):
        return torch.rand(shape) >= p


def logits(method, layers, a, noise):
    for index, layer in enumerate(layers):
        p = common.dropout_rate(index)
        alpha = layer["log_alpha"].exp() if "log_alpha" in layer else p / (1 - p)
        if index > 0:
            a = functional.relu(a)
        if method == "binary":
            a = a * (noise.kept(index, a.shape, p) * (1 / (1 - p)))
        if method.endswith("-a"):
            # a + (√α ε) a: one pass fewer than a (1 + √α ε).
            a = torch.addcmul(a, a, noise.normal(index, a.shape) * alpha**0.5)
        b = torch.addmm(layer["bias"], a, layer["weight"])
        if method.endswith("-b"):
            variance = (a * a) @ (alpha * layer["weight"].square())
            b = torch.addcmul(b, (variance + TINY).sqrt(), noise.normal(index, b.shape))
        a = b
    return a


def objective(layers, method, examples, x, y, noise):
    cross_entropy = functional.cross_entropy(logits(method, layers, x, noise), y)
    kl = 0.0
    if method.startswith("variational"):
        for layer in layers:
            log_alpha = layer["log_alpha"]
            alpha = log_alpha.exp()
            kl = kl - (0.5 * log_alpha + alpha * (C1 + alpha * (C2 + C3 * alpha))).sum()
    return cross_entropy + kl / examples, cross_entropy


class Updates:
    """Adam, the projection α ≤ 1 and the average."""

    def __init__(self, layers):
        self.alphas = [value for layer in layers for name, value in layer.items() if name == "log_alpha"]
        others = [value for layer in layers for name, value in layer.items() if name != "log_alpha"]
        groups = [{"params": others}]
        groups += [{"params": self.alphas, "lr": RATE * ALPHA_STEP}] if self.alphas else []
        self.adam = torch.optim.Adam(groups, lr=RATE, betas=(BETA1, BETA2), eps=EPSILON, fused=True)
        self.parameters = others + self.alphas
        self.average = [value.detach().clone() for value in self.parameters]
        self.steps = 0

    def step(self):
        self.adam.step()
        self.adam.zero_grad(set_to_none=True)
        self.steps += 1
        with torch.no_grad():
            for log_alpha in self.alphas:
                log_alpha.clamp_(max=0.0)
            fresh = (1 - AVERAGING) / (1 - AVERAGING**self.steps)
            # As torch.optim.swa_utils does it.
            torch._foreach_lerp_(self.average, self.parameters, fresh)


def leaves(layers):
    return [{name: torch.tensor(value, requires_grad=True) for name, value in layer.items()} for layer in layers]


class Peer:
    """One network in training."""

    def __init__(self, method, hidden, batch_size, images, labels, compiled):
        self.method, self.batch_size, self.examples = method, batch_size, len(images)
        self.name = f"PyTorch {torch.__version__.split('+')[0]} ({'torch.compile' if compiled else 'eager'})"
        torch.manual_seed(1)
        self.layers = leaves(common.initial_parameters(method, (images.shape[1], *hidden, 10)))
        self.updates = Updates(self.layers)
        self.objective = torch.compile(objective, fullgraph=True, dynamic=False) if compiled else objective
        self.images, self.labels = torch.tensor(images), torch.tensor(labels, dtype=torch.int64)
        self.noise = Noise()
        self.shuffle = np.random.default_rng(1)

    def run(self, count):
        """Seconds of `count` steps, and the mean cross-entropy of the last. The first call also compiles."""
        order = torch.tensor(common.minibatches(self.examples, self.batch_size, count, self.shuffle))
        start = time.perf_counter()
        for indices in order:
            x = self.images[indices].float().mul_(1 / 255)
            loss, cross_entropy = self.objective(
                self.layers, self.method, self.examples, x, self.labels[indices], self.noise
            )
            loss.backward()
            self.updates.step()
        return time.perf_counter() - start, float(cross_entropy.detach())
