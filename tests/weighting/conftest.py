"""Loads Keras before any module of the package, as every program would."""

import keras  # noqa: F401
