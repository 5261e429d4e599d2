"""The methods by what they have in common, and matrices to try them on."""

import numpy as np

import keras_mtl.weighting

RANDOM = ("rlw", "pcgrad", "gradvac", "graddrop")
ON_LOSSES = (
    "sum",
    "mean",
    "constant",
    "uncertainty",
    "dwa",
    "rlw",
    "geometric",
    "famo",
    "stch",
    "imtl-l",
)
ON_GRADIENTS = tuple(
    name for name in keras_mtl.weighting.names() if name not in ON_LOSSES
)
ON_GRAMIAN = tuple(
    name
    for name in ON_GRADIENTS
    if name not in ("graddrop", "db-mtl", "moco", "excess-mtl")
)
PAPER_FACTORS = {
    # What the paper's scale makes of 5 equal gradients g: this times g.
    "aligned-mtl": 1.0,
    "cagrad": 1.5,
    "db-mtl": 5.0,
    "dualproj": 1.0,
    "excess-mtl": 1.0,
    "famo": 1.0,
    "geometric": 1.0,
    "imtl-g": 1.0,
    "mgda": 1.0,
    "moco": 1.0,
    "modo": 1.0,
    "rlw": 1.0,
    "sdmgrad": 1.0,
    "stch": 0.2,
    "upgrad": 1.0,
}


def make(name, tasks_count=2, **settings):
    """Returns the method, seeded where it is random."""
    if name in RANDOM:
        settings = {"seed": 3, **settings}
    if name == "constant":
        settings = {"weights": [1.0] * tasks_count, **settings}
    return keras_mtl.weighting.get(name, **settings)


def random_jacobian(seed, tasks_count, parameters_count, conflict=1.0):
    """Returns rows of different lengths; the less `conflict`, the more alike."""
    generator = np.random.default_rng(seed)
    rows = conflict * generator.normal(size=(tasks_count, parameters_count))
    rows += (1 - conflict) * generator.normal(size=parameters_count)
    return rows * np.exp(0.7 * generator.normal(size=(tasks_count, 1)))


def dependent_jacobian(seed, tasks_count, rank, parameters_count=9):
    """Returns rows that span only `rank` dimensions."""
    generator = np.random.default_rng(seed)
    left = generator.normal(size=(tasks_count, rank))
    return left @ generator.normal(size=(rank, parameters_count))


def weakly_stationary_jacobian(seed, tasks_count, parameters_count):
    """Returns rows of which a convex combination is 0."""
    generator = np.random.default_rng(seed)
    rows = random_jacobian(seed, tasks_count, parameters_count)
    weights = generator.dirichlet(np.ones(tasks_count - 1))
    rows[-1] = -generator.uniform(0.1, 1.1) * (weights @ rows[:-1])
    return rows
