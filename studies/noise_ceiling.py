"""How much of a curve's variance any model can explain at best."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["noise_variance"]


def noise_variance(x: ArrayLike, y: ArrayLike) -> float:
    """Estimates the variance of the noise on a smooth curve.

    Each point is compared with the straight line between its two neighbours:
    where the points are dense, the curve hardly differs from that line, and
    what is left is noise. Gasser, Sroka and Jennen-Steinmetz (1986), *Residual
    variance and residual pattern in nonlinear regression*, equation 2.

    Args:
        x: Numbers of shape (N,), in any order; at least three.
        y: Numbers of shape (N,).

    Returns:
        The variance. Where the points are too far apart for the curve's
        bends, it is too high.

    Example:

    >>> generator = np.random.default_rng(0)
    >>> x = generator.uniform(size=4000)
    >>> y = np.sin(9 * x) + generator.normal(scale=0.5, size=4000)
    >>> abs(noise_variance(x, y) - 0.25) < 0.02
    True
    """
    order = np.argsort(np.asarray(x), kind="stable")
    x, y = np.asarray(x, "float64")[order], np.asarray(y, "float64")[order]
    gaps = x[2:] - x[:-2]
    # Neighbours at one place count alike.
    share = np.divide(
        x[2:] - x[1:-1], gaps, out=np.full(len(gaps), 0.5), where=gaps > 0
    )
    differences = share * y[:-2] + (1 - share) * y[2:] - y[1:-1]
    return float(np.mean(differences**2 / (share**2 + (1 - share) ** 2 + 1)))
