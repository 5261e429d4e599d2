"""Base of the encodings that standardize columns of zeros and ones."""

from __future__ import annotations

from typing import Any

from keras_mtl.features._block_encoding import BlockEncoding
from keras_mtl.features._standardize import SMALLEST_SPREAD, standardize_share

__all__ = ["ShareEncoding"]


class ShareEncoding(BlockEncoding):
    """Base of layers that standardize columns of zeros and ones.

    Args:
        smallest_spread: The smallest divisor of such a column. A configuration without
            this argument is of a version without a limit, and gets none.
        **kwargs: See `keras.layers.Layer`.
    """

    def __init__(
        self, *, smallest_spread: float = SMALLEST_SPREAD, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.smallest_spread = smallest_spread

    def standardize(self, share: float) -> tuple[float, float]:
        """Return the standardized 0 and 1 of a column with a share of ones."""
        return standardize_share(share, self.smallest_spread)

    def get_config(self):
        return {**super().get_config(), "smallest_spread": self.smallest_spread}

    @classmethod
    def from_config(cls, config):
        return super().from_config({"smallest_spread": 0.0, **config})
