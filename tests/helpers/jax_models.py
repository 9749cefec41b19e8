"""A JAX model that tests build from, run in a stage's own environment."""

import jax
import jax.numpy as jnp


def make_jax():
    """A function and its parameters: channels last, two outputs, and a constant of its own."""
    keys = jax.random.split(jax.random.key(0), 2)
    parameters = {
        "kernel": jax.random.normal(keys[0], (3, 3, 3, 8)) * 0.3,
        "dense": jax.random.normal(keys[1], (8, 4)),
    }

    def apply(given, image):
        order = ("NHWC", "HWIO", "NHWC")
        maps = jax.lax.conv_general_dilated(image, given["kernel"], (2, 2), "SAME", dimension_numbers=order)
        maps = jax.nn.relu(maps) * jnp.ones(8)
        return {"maps": maps, "scores": maps.mean((1, 2)) @ given["dense"]}

    return apply, parameters
