"""The training step of `vardrop train` as one would write it in JAX, compiled by XLA for the CPU.

784-H-H-H-10 with rectifiers; Adam and the bias-corrected average of the parameters; a turn is one call: `lax.scan` over
shuffled minibatches of data that stay on the device, in single precision, its state donated. Methods, learned rates, their KL
term and the projection α ≤ 1 are those of the crate (see its `layers`, `noise` and `optimizer`).
"""

import functools
import time

import jax
import jax.numpy as jnp
import numpy as np

import common
from common import ALPHA_STEP, AVERAGING, BETA1, BETA2, C1, C2, C3, EPSILON, RATE, TINY


class Noise:
    """Draws for each layer, with a key of its own."""

    def __init__(self, key, layers):
        self.keys = jax.random.split(key, layers)

    def normal(self, layer, shape):
        return jax.random.normal(self.keys[layer], shape)

    def kept(self, layer, shape, p):
        return jax.random.bernoulli(self.keys[layer], 1 - p, shape)


def logits(method, layers, a, noise):
    for index, layer in enumerate(layers):
        p = common.dropout_rate(index)
        alpha = jnp.exp(layer["log_alpha"]) if "log_alpha" in layer else p / (1 - p)
        if index > 0:
            a = jax.nn.relu(a)
        if method == "binary":
            a = jnp.where(noise.kept(index, a.shape, p), a / (1 - p), 0.0)
        if method.endswith("-a"):
            a = a * (1 + jnp.sqrt(alpha) * noise.normal(index, a.shape))
        b = a @ layer["weight"]
        if method.endswith("-b"):
            variance = (a * a) @ (alpha * layer["weight"] ** 2)
            b = b + jnp.sqrt(variance + TINY) * noise.normal(index, b.shape)
        a = b + layer["bias"]
    return a


def objective(layers, method, examples, x, y, noise):
    log_p = jax.nn.log_softmax(logits(method, layers, x, noise))
    cross_entropy = -jnp.mean(jnp.take_along_axis(log_p, y[:, None], axis=1))
    kl = 0.0
    if method.startswith("variational"):
        for layer in layers:
            alpha = jnp.exp(layer["log_alpha"])
            kl -= jnp.sum(0.5 * layer["log_alpha"] + C1 * alpha + C2 * alpha**2 + C3 * alpha**3)
    return cross_entropy + kl / examples, cross_entropy


def update(state, gradients):
    """Adam, the projection α ≤ 1 and the average."""
    layers, first, second, average, t = state
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
    return layers, first, second, average, t


def initial_state(layers):
    layers = jax.tree.map(jnp.asarray, layers)
    zeros = functools.partial(jax.tree.map, jnp.zeros_like)
    return layers, zeros(layers), zeros(layers), jax.tree.map(jnp.copy, layers), jnp.float32(0)


def step(method, examples, images, labels, carry, inputs):
    state, key = carry
    key, noise_key = jax.random.split(key)
    x = images[inputs].astype(jnp.float32) * (1 / 255)
    noise = Noise(noise_key, len(state[0]))
    gradient_of = jax.grad(objective, has_aux=True)
    gradients, cross_entropy = gradient_of(state[0], method, examples, x, labels[inputs], noise)
    return (update(state, gradients), key), cross_entropy


@functools.partial(jax.jit, static_argnums=(0, 1), donate_argnums=(4,))
def steps(method, examples, images, labels, carry, order):
    carry, losses = jax.lax.scan(functools.partial(step, method, examples, images, labels), carry, order)
    return carry, jnp.mean(losses)


class Peer:
    """One network in training."""

    def __init__(self, method, hidden, batch_size, images, labels, prng=None):
        self.method, self.batch_size, self.examples = method, batch_size, len(images)
        self.name = f"JAX {jax.__version__}"
        layers = common.initial_parameters(method, (images.shape[1], *hidden, 10))
        self.carry = initial_state(layers), jax.random.key(1, impl=prng)
        # Pixels stay bytes here as in the crate: on the machine of the README that is a little faster than single precision.
        self.images, self.labels = jnp.asarray(images), jnp.asarray(labels, jnp.int32)
        self.shuffle = np.random.default_rng(1)

    def run(self, count):
        """Seconds of `count` steps, and their mean cross-entropy. The first call for a count also compiles."""
        order = common.minibatches(self.examples, self.batch_size, count, self.shuffle)
        order = jax.block_until_ready(jnp.asarray(order, jnp.int32))
        start = time.perf_counter()
        self.carry, loss = jax.block_until_ready(
            steps(self.method, self.examples, self.images, self.labels, self.carry, order)
        )
        return time.perf_counter() - start, float(loss)
