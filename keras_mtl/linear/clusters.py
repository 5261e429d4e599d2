"""Clusters of outputs by their weights."""

from __future__ import annotations

import numpy as np
import scipy.linalg

__all__ = ["find_clusters"]


def find_clusters(weights: np.ndarray, clusters: int) -> np.ndarray:
    """Put outputs with similar weights into clusters.

    A pivoted QR decomposition assigns the outputs, as points in the space of the
    largest right singular vectors of the weights. The method needs no random start
    (Zha, He, Ding, Simon and Gu 2001).

    Args:
        weights: The weights, (d, K).
        clusters: The number of clusters, at most K.

    Returns:
        The number of each output's cluster, (K,), in the order of the outputs.

    Example:

    >>> find_clusters(np.array([[1.0, 0.1, 0.9], [0.0, 1.0, 0.1]]), 2)
    array([0, 1, 0])
    """
    _, _, right = np.linalg.svd(weights, full_matrices=weights.shape[0] < clusters)
    places = right[:clusters].T
    _, _, pivots = scipy.linalg.qr(places.T, pivoting=True)
    # The rotation that brings the pivots closest to the axes.
    left, _, rotated = np.linalg.svd(places[pivots[:clusters]].T)
    found = np.abs(places @ (left @ rotated)).argmax(axis=1)
    _, first, numbers = np.unique(found, return_index=True, return_inverse=True)
    # Clusters are numbered in the order of their first outputs.
    return np.argsort(np.argsort(first))[numbers]
