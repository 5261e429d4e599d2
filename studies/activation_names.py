"""The activations that a study may compare.

Known here by name, so that a misspelt one is told before Keras is loaded.
"""

from __future__ import annotations

from collections.abc import Sequence

from keras_mtl.errors import did_you_mean

__all__ = ["COMPARED", "KNOWN", "unknown_activations"]

# What the command compares unless it is told otherwise.
COMPARED = (
    "leaky_relu",
    "relu",
    "elu",
    "selu",
    "gelu",
    "silu",
    "mish",
    "softplus",
    "tanh",
    "sigmoid",
    "none",
)
# Keras's elementwise activations that need no argument, and none at all.
KNOWN = (
    *COMPARED,
    "celu",
    "exponential",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_tanh",
    "log_sigmoid",
    "relu6",
    "soft_shrink",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "squareplus",
    "tanh_shrink",
)


def unknown_activations(names: Sequence[str]) -> list[str]:
    """Returns a message for each name that is not known.

    Example:

    >>> for message in unknown_activations(["gelu", "leaky-relu"]):
    ...     print(message.split(" The names")[0])
    --activations: expected activations of Keras, or none; received 'leaky-relu'. Did you mean 'leaky_relu'?
    """  # noqa: E501
    return [
        "--activations: expected activations of Keras, or none; received "
        f"{name!r}.{did_you_mean(name, KNOWN)} The names are {', '.join(KNOWN)}."
        for name in names
        if name not in KNOWN
    ]
