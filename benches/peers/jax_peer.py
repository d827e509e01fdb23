"""The training step of `vardrop train` as one would write it in JAX, compiled by XLA for the CPU.

784-H-H-H-10 with rectifiers; Adam and the bias-corrected average of the parameters; a whole epoch is one call: `lax.scan`
over shuffled minibatches of data that stay on the device, in single precision, its state donated. Methods, learned rates,
their KL term and the projection α ≤ 1 are those of the crate (see its `layers`, `noise` and `optimizer`).
"""

import functools
import time

import jax
import jax.numpy as jnp
import numpy as np

METHODS = ("none", "binary", "gaussian-a", "variational-a", "gaussian-b", "variational-b")
C1, C2, C3 = 1.161451241083230, -1.502041176441722, 0.586299206427007
BETA1, BETA2, EPSILON, AVERAGING, RATE, ALPHA_STEP = 0.9, 0.999, 1e-8, 0.999, 1e-3, 20.0


def initial_parameters(method, widths, seed):
    generator = np.random.default_rng(seed)
    layers = []
    for index, (inputs, outputs) in enumerate(zip(widths, widths[1:])):
        weight = generator.standard_normal((inputs, outputs), dtype=np.float32)
        weight -= weight.mean(0)
        layer = {"weight": weight / np.linalg.norm(weight, axis=0), "bias": np.zeros(outputs, np.float32)}
        start = np.log(0.25 if index == 0 else 1.0)
        if method == "variational-a":
            layer["log_alpha"] = np.full(inputs, start, np.float32)
        if method == "variational-b":
            layer["log_alpha"] = np.full((inputs, outputs), start, np.float32)
        layers.append(layer)
    return jax.tree.map(jnp.asarray, layers)


def logits(method, layers, a, key):
    keys = jax.random.split(key, len(layers))
    for index, (layer, key) in enumerate(zip(layers, keys)):
        p = 0.2 if index == 0 else 0.5
        alpha = jnp.exp(layer["log_alpha"]) if "log_alpha" in layer else p / (1 - p)
        if index > 0:
            a = jax.nn.relu(a)
        if method == "binary":
            a = jnp.where(jax.random.bernoulli(key, 1 - p, a.shape), a / (1 - p), 0.0)
        if method.endswith("-a"):
            a = a * (1 + jnp.sqrt(alpha) * jax.random.normal(key, a.shape))
        b = a @ layer["weight"]
        if method.endswith("-b"):
            variance = (a * a) @ (alpha * layer["weight"] ** 2)
            # Without the small number the root's gradient is infinite where a row is all zeros.
            b = b + jnp.sqrt(variance + 1e-12) * jax.random.normal(key, b.shape)
        a = b + layer["bias"]
    return a


def objective(layers, method, examples, x, y, key):
    log_p = jax.nn.log_softmax(logits(method, layers, x, key))
    cross_entropy = -jnp.mean(jnp.take_along_axis(log_p, y[:, None], axis=1))
    kl = 0.0
    if method.startswith("variational"):
        for layer in layers:
            alpha = jnp.exp(layer["log_alpha"])
            kl -= jnp.sum(0.5 * layer["log_alpha"] + C1 * alpha + C2 * alpha**2 + C3 * alpha**3)
    return cross_entropy + kl / examples, cross_entropy


def step(method, examples, images, labels, state, inputs):
    layers, first, second, average, t, key = state
    key, noise_key = jax.random.split(key)
    x = images[inputs].astype(jnp.float32) * (1 / 255)
    gradient_of = jax.grad(objective, has_aux=True)
    gradients, cross_entropy = gradient_of(layers, method, examples, x, labels[inputs], noise_key)
    t = t + 1
    fresh = (1 - AVERAGING) / (1 - AVERAGING**t)
    correction1, correction2 = 1 - BETA1**t, 1 - BETA2**t

    first = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, first, gradients)
    second = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, second, gradients)

    def updated(path, x, m, v):
        is_alpha = path[-1].key == "log_alpha"
        rate = RATE * (ALPHA_STEP if is_alpha else 1.0)
        x = x - rate * (m / correction1) / (jnp.sqrt(v / correction2) + EPSILON)
        return jnp.minimum(x, 0.0) if is_alpha else x

    layers = jax.tree_util.tree_map_with_path(updated, layers, first, second)
    average = jax.tree.map(lambda a, x: a + fresh * (x - a), average, layers)
    return (layers, first, second, average, t, key), cross_entropy


@functools.partial(jax.jit, static_argnums=(0, 1), donate_argnums=(4,))
def epoch(method, examples, images, labels, state, order):
    state, losses = jax.lax.scan(functools.partial(step, method, examples, images, labels), state, order)
    return state, jnp.mean(losses)


class Peer:
    """One network in training."""

    name = "JAX"

    def __init__(self, method, hidden, batch_size, images, labels, prng):
        self.method, self.batch_size, self.examples = method, batch_size, len(images)
        layers = initial_parameters(method, (images.shape[1], *hidden, 10), 1)
        zeros = functools.partial(jax.tree.map, jnp.zeros_like)
        average = jax.tree.map(jnp.copy, layers)
        key = jax.random.key(1, impl=prng)
        self.state = (layers, zeros(layers), zeros(layers), average, jnp.float32(0), key)
        # Pixels stay bytes here as in the crate: on this machine that is a little faster than single precision.
        self.images, self.labels = jnp.asarray(images), jnp.asarray(labels, jnp.int32)
        self.shuffle = np.random.default_rng(1)

    def epoch(self):
        """Seconds of one epoch, and its mean cross-entropy. The first call also compiles."""
        steps = self.examples // self.batch_size
        order = self.shuffle.permutation(self.examples)[: steps * self.batch_size]
        order = jax.block_until_ready(jnp.asarray(order.reshape(steps, self.batch_size), jnp.int32))
        start = time.perf_counter()
        self.state, loss = jax.block_until_ready(
            epoch(self.method, self.examples, self.images, self.labels, self.state, order)
        )
        return time.perf_counter() - start, float(loss)
