"""Keras layers that are not tied to one architecture."""

from keras_mtl.layers.standardized_output import StandardizedOutput

__all__ = ["StandardizedOutput"]
