"""Base of all other packages: errors, declarations, registries.

Nothing here imports Keras, TensorFlow, NumPy or pandas.
"""
