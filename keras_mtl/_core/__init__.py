"""The ground that all other packages stand on: errors, declarations, registries.

Nothing here imports Keras, TensorFlow, NumPy or pandas.
"""
