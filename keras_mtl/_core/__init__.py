"""Base of all other packages: errors, declarations, registries.

This package does not import Keras, TensorFlow, NumPy or pandas.
"""
