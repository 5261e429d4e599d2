"""What all tests share, the examples in docstrings included."""

# Keras first: the package registers its classes when Keras is loaded, which a
# module of the package, collected alone, would start from half way.
import keras  # noqa: F401
