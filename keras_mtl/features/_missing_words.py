"""Strings that mean missing, in frames, in the graph and in requests."""

from __future__ import annotations

from collections.abc import Collection

from keras_mtl.tables.missing_values import MISSING_VALUES

__all__ = ["missing_words"]


def missing_words(vocabulary: Collection[str] | None = None) -> tuple[str, ...]:
    """Return the strings that mean missing, as in a CSV file.

    Args:
        vocabulary: The known categories of a feature. A string in it is a category even
            if it looks like a missing value, such as `NA` for Namibia.

    Example:

    >>> missing_words(("NA", "SA"))[:4]
    ('', '?', 'N/A', 'n/a')
    """
    return tuple(word for word in MISSING_VALUES if word not in (vocabulary or ()))
