"""Checks of arrays that are given to an estimator."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["checked_features"]


def checked_features(x: Any) -> np.ndarray:
    """Return features as an array.

    Args:
        x: What was given.

    Raises:
        ValueError: When it is not (rows, features) of finite numbers.
    """
    features = np.asarray(x, "float64")
    if features.ndim != 2 or not np.isfinite(features).all():
        what = f"shape {features.shape}"
        if features.ndim == 2:
            what = "numbers that are missing or infinite"
        raise ValueError(
            "Invalid value received for argument `x`. Expected finite numbers of shape "
            f"(rows, features). Received: {what}"
        )
    return features
