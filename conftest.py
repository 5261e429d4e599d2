"""What all tests share, the examples in docstrings included."""

import os

# Keras first: the package registers its classes when Keras is loaded, which a
# module of the package, collected alone, would start from half way.
import keras  # noqa: F401
from hypothesis import settings

# No time limit for an example: the machine may be busy, and what is traced first
# takes longest. Under `.ci/run` the same tree gets the same examples.
settings.register_profile(
    "keras_mtl", deadline=None, derandomize="CI" in os.environ, print_blob=True
)
settings.load_profile("keras_mtl")
