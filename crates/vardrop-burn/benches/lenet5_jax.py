"""LeNet-5 with sparse layers and local reparameterization as one would write it in JAX, compiled by XLA for the processor.

What `step.rs` times beside Burn: forward and backward of the same loss, without the optimizer. Writes a line with its name, then
answers each line of its standard input by the milliseconds of one step. Where JAX is not installed, it says so and ends.
"""

import json
import sys
import time

try:
    import jax
    import jax.numpy as jnp
except ModuleNotFoundError as error:
    sys.exit(f"JAX is not installed: {error}")

# -KL of Molchanov, Ashukha & Vetrov (2017), equation 14.
K1, K2, K3 = 0.63576, 1.87320, 1.48695
SHAPES = {"conv1": (20, 1, 5, 5), "conv2": (50, 20, 5, 5), "fc1": (800, 500), "fc2": (500, 10)}
# As in the crate: added to θ² and to an output's variance, so that neither is 0.
TINY = 1e-30


def initial_parameters(key):
    """Means of variance 1/fan-in, biases of 0, and ln σ² = -8."""
    layers = {}
    for name, shape in SHAPES.items():
        key, draw = jax.random.split(key)
        convolution = len(shape) == 4
        fan_in = shape[1] * 25 if convolution else shape[0]
        layers[name] = {
            "weight": jax.random.normal(draw, shape) / fan_in**0.5,
            "bias": jnp.zeros(shape[0] if convolution else shape[1]),
            "log_variance": jnp.full(shape, -8.0),
        }
    return layers


def convolve(x, weight):
    return jax.lax.conv_general_dilated(x, weight, (1, 1), "VALID", dimension_numbers=("NCHW", "OIHW", "NCHW"))


def noisy(layer, x, key):
    """θ·x + b + √(σ²·x²) ∘ ε."""
    if layer["weight"].ndim == 4:
        apply, bias = convolve, layer["bias"][:, None, None]
    else:
        apply, bias = jnp.matmul, layer["bias"]
    mean = apply(x, layer["weight"]) + bias
    variance = apply(x * x, jnp.exp(layer["log_variance"])) + TINY
    return mean + jnp.sqrt(variance) * jax.random.normal(key, mean.shape)


def pool(x):
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")


def logits(layers, x, key):
    keys = jax.random.split(key, 4)
    x = pool(jax.nn.relu(noisy(layers["conv1"], x, keys[0])))
    x = pool(jax.nn.relu(noisy(layers["conv2"], x, keys[1])))
    x = jax.nn.relu(noisy(layers["fc1"], x.reshape(len(x), -1), keys[2]))
    return noisy(layers["fc2"], x, keys[3])


def negative_kl(layer):
    log_alpha = layer["log_variance"] - jnp.log(layer["weight"] ** 2 + TINY)
    return jnp.sum(-K1 * jax.nn.sigmoid(-K2 - K3 * log_alpha) - 0.5 * jnp.log1p(jnp.exp(-log_alpha)))


def objective(layers, x, y, key):
    log_p = jax.nn.log_softmax(logits(layers, x, key))
    kl = -sum(negative_kl(layer) for layer in layers.values())
    return -jnp.mean(jnp.take_along_axis(log_p, y[:, None], axis=1)) + kl / 60_000


def main():
    gradients = jax.jit(jax.value_and_grad(objective))
    layers = initial_parameters(jax.random.key(1))
    x, y = jax.random.uniform(jax.random.key(2), (100, 1, 28, 28)), jnp.arange(100) % 10
    print(json.dumps(f"JAX {jax.__version__}"), flush=True)
    for number, _ in enumerate(sys.stdin):
        key = jax.random.key(number)
        start = time.perf_counter()
        loss, _ = jax.block_until_ready(gradients(layers, x, y, key))
        milliseconds = 1e3 * (time.perf_counter() - start)
        # A NaN fails the comparison too.
        if not loss < 1e3:
            sys.exit(f"the loss in JAX is {loss}: the comparison would be of nothing")
        print(json.dumps(milliseconds), flush=True)


if __name__ == "__main__":
    main()
