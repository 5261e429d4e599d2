"""All features' layers in one model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from keras_mtl.features.feature import Feature

if TYPE_CHECKING:
    import keras

__all__ = ["build_encoder", "encoded_names"]


def encoded_names(features: Sequence[Feature]) -> tuple[str, ...]:
    """The names of the encoded matrix's columns, in order."""
    return tuple(name for feature in features for name in feature.encoded_names)


def build_encoder(features: Sequence[Feature]) -> keras.Model:
    """Builds the model from raw features to one float matrix.

    Args:
        features: Features that have learned their statistics.

    Returns:
        A functional `keras.Model` from a dict of inputs by feature name, each
        of shape (N,), to float32 of shape (N, columns).

    Raises:
        ValueError: When there is no feature, or one has not learned yet.

    Example:

    >>> import numpy as np
    >>> from keras_mtl.features import NumericFeature
    >>> age = NumericFeature("age", mean=50.0, scale=10.0, missing_share=0.0)
    >>> encoder = build_encoder([age])
    >>> encoder({"age": np.array([40.0, np.nan], "float32")}).numpy().tolist()
    [[-1.0], [0.0]]
    """
    import keras

    if not features:
        raise ValueError(
            "Invalid value received for argument `features`. Expected at least one "
            "feature. Received: none."
        )
    unlearned = [feature.name for feature in features if not feature.learned]
    if unlearned:
        raise ValueError(
            "Invalid value received for argument `features`. Expected features "
            f"that know their statistics. Received: {', '.join(unlearned)} without. "
            "Call `keras_mtl.learn_features(features, training_rows)` first."
        )
    inputs = {feature.name: feature.input_layer() for feature in features}
    return keras.Model(inputs, _encode_blocks(features, inputs), name="encoder")


def _encode_blocks(
    features: Sequence[Feature], inputs: dict[str, keras.KerasTensor]
) -> keras.KerasTensor:
    """Encodes the features of each kind together, and restores their order."""
    from keras_mtl.features._join_blocks import JoinBlocks

    kinds: dict[type[Feature], list[int]] = {}
    for position, feature in enumerate(features):
        kinds.setdefault(type(feature), []).append(position)
    blocks, positions = [], []
    for kind, members in kinds.items():
        own = [features[position] for position in members]
        block = kind.encode_block(own, [inputs[feature.name] for feature in own])
        widths = [len(feature.encoded_names) for feature in own]
        if block.shape[1:] != (sum(widths),):
            raise ValueError(
                f"Invalid value returned by `{kind.__name__}.encode_block`. Expected "
                f"shape (N, {sum(widths)}), as `encoded_names` says. Received: shape "
                f"{block.shape}"
            )
        blocks.append(block)
        positions.append(np.repeat(members, widths).tolist())
    if len(blocks) == 1:
        return blocks[0]
    return JoinBlocks(positions, name="joined.blocks")(blocks)
