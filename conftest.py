"""What all tests share, the examples in docstrings included."""

import contextlib
import os

# Keras first: the package registers its classes when Keras is loaded, which a
# module of the package, collected alone, would start from half way.
import keras  # noqa: F401
import pytest
from hypothesis import settings

# No time limit for an example: the machine may be busy, and what is traced first
# takes longest. Under `.ci/run` the same tree gets the same examples.
settings.register_profile(
    "keras_mtl", deadline=None, derandomize="CI" in os.environ, print_blob=True
)
settings.load_profile("keras_mtl")


@pytest.fixture(autouse=True)
def _registries_are_restored():
    """Takes out of the registries what a test or an example puts there."""
    from keras_mtl.architectures.registry import ARCHITECTURES
    from keras_mtl.features.kinds import FEATURE_KINDS
    from keras_mtl.tasks.kinds import TASK_KINDS
    from keras_mtl.weighting.registry import WEIGHTINGS

    with contextlib.ExitStack() as stack:
        for registry in (TASK_KINDS, FEATURE_KINDS, WEIGHTINGS, ARCHITECTURES):
            stack.enter_context(registry.restored())
        yield
