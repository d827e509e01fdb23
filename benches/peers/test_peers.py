"""Checks that the peers compute the same step: `make test-peers`."""

import sys
import unittest

import jax
import jax.numpy as jnp
import numpy as np
import torch

import common
import jax_peer
import torch_peer

# On a busy machine, threads that wait for one another take minutes over this.
torch.set_num_threads(1)

EXAMPLES, BATCH, WIDTHS = 60_000, 50, (784, 40, 30, 20, 10)


class Draws:
    """The same draws for both: arrays made by NumPy."""

    def __init__(self, seed, convert):
        self.seed, self.convert = seed, convert

    def generator(self, layer):
        return np.random.default_rng((self.seed, layer))

    def normal(self, layer, shape):
        return self.convert(self.generator(layer).standard_normal(tuple(shape), dtype=np.float32))

    def kept(self, layer, shape, p):
        return self.convert(self.generator(layer).random(tuple(shape)) >= p)


def minibatch(seed):
    generator = np.random.default_rng(seed)
    x = generator.random((BATCH, 784), dtype=np.float32) * (generator.random((BATCH, 784)) < 0.2)
    # A blank image: its variance is 0 in the first layer.
    x[0] = 0
    return x.astype(np.float32), generator.integers(0, 10, BATCH)


def of_jax(method, layers, seed):
    x, y = minibatch(seed)
    arguments = (method, EXAMPLES, jnp.asarray(x), jnp.asarray(y), Draws(seed, jnp.asarray))
    (loss, _), gradients = jax.value_and_grad(jax_peer.objective, has_aux=True)(layers, *arguments)
    return float(loss), gradients


def of_torch(method, layers, seed):
    x, y = minibatch(seed)
    loss, _ = torch_peer.objective(
        layers, method, EXAMPLES, torch.tensor(x), torch.tensor(y), Draws(seed, torch.tensor)
    )
    loss.backward()
    return float(loss.detach())


class Peers(unittest.TestCase):
    def assert_close(self, ours, theirs, what):
        """In single precision, added up in another order: within 1e-4 of the array's largest number."""
        ours, theirs = np.asarray(ours), theirs.detach().numpy()
        self.assertEqual(ours.shape, theirs.shape, what)
        largest = np.abs(theirs).max()
        self.assertLess(np.abs(ours - theirs).max(), 1e-4 * largest, what)

    def test_loss_and_gradients_agree_with_the_same_noise(self):
        for method in common.METHODS:
            layers = common.initial_parameters(method, WIDTHS)
            loss, gradients = of_jax(method, [dict(layer) for layer in layers], 1)
            leaves = torch_peer.leaves(layers)
            self.assertAlmostEqual(loss, of_torch(method, leaves, 1), delta=1e-5 * abs(loss), msg=method)
            for index, layer in enumerate(leaves):
                for name, value in layer.items():
                    self.assert_close(gradients[index][name], value.grad, f"{method}, {name} of layer {index}")

    def test_parameters_and_averages_agree_after_some_steps(self):
        for method in ("none", "variational-a", "variational-b"):
            start = common.initial_parameters(method, WIDTHS)
            state, leaves = jax_peer.initial_state(start), torch_peer.leaves(start)
            updates = torch_peer.Updates(leaves)
            generator = np.random.default_rng(1)
            for _ in range(5):
                # The gradients are given: from its own, a unit whose rectifier is about to open goes two ways in two roundings.
                gradients = [
                    {name: generator.standard_normal(value.shape, dtype=np.float32) for name, value in layer.items()}
                    for layer in start
                ]
                state = jax_peer.update(state, gradients)
                for layer, given in zip(leaves, gradients):
                    for name, value in layer.items():
                        value.grad = torch.tensor(given[name])
                updates.step()
            averages = dict(zip(map(id, updates.parameters), updates.average))
            for index, layer in enumerate(leaves):
                for name, value in layer.items():
                    what = f"{method}, {name} of layer {index}"
                    self.assert_close(state[0][index][name], value, what)
                    self.assert_close(state[3][index][name], averages[id(value)], f"average of {what}")

    def test_learned_rates_stay_at_most_one(self):
        start = common.initial_parameters("variational-b", WIDTHS)
        updates = torch_peer.Updates(leaves := torch_peer.leaves(start))
        for layer in leaves:
            layer["log_alpha"].grad = -torch.ones_like(layer["log_alpha"])
            layer["weight"].grad, layer["bias"].grad = torch.zeros_like(layer["weight"]), torch.zeros_like(layer["bias"])
        updates.step()
        for layer in leaves[1:]:
            self.assertEqual(float(layer["log_alpha"].detach().max()), 0.0)

    def test_a_turn_draws_every_example_once_an_epoch(self):
        order = common.minibatches(10, 5, 4, np.random.default_rng(1))
        self.assertEqual(order.shape, (4, 5))
        for epoch in order.reshape(2, 10):
            self.assertEqual(sorted(epoch), list(range(10)))


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
