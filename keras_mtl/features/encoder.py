"""The encoder: the layers of all features in one model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from keras_mtl.features.feature import Feature

if TYPE_CHECKING:
    import keras

    from keras_mtl.features.text_codes import TextCodes

__all__ = ["build_code_encoder", "build_encoder", "encoded_names"]


def encoded_names(features: Sequence[Feature]) -> tuple[str, ...]:
    """Return the names of the columns of the encoded matrix, in order."""
    return tuple(name for feature in features for name in feature.encoded_names)


def build_encoder(features: Sequence[Feature]) -> keras.Model:
    """Build the model that encodes raw features as one float matrix.

    Args:
        features: Adapted features, which have their statistics.

    Returns:
        A functional `keras.Model`. Its input is a dict of tensors of shape (N,) by
        feature name; its output is float32 of shape (N, columns).

    Raises:
        ValueError: If there is no feature, or a feature is not adapted.

    Example:

    >>> import numpy as np
    >>> from keras_mtl.features import NumericFeature
    >>> age = NumericFeature("age", mean=50.0, scale=10.0, missing_share=0.0)
    >>> encoder = build_encoder([age])
    >>> encoder({"age": np.array([40.0, np.nan], "float32")}).numpy().tolist()
    [[-1.0], [0.0]]
    """
    _require_learned(features)
    inputs = {feature.name: feature.input_layer() for feature in features}
    return _model(features, inputs, "encoder")


def build_code_encoder(
    features: Sequence[Feature], codes: Mapping[str, TextCodes]
) -> keras.Model:
    """Build an encoder that reads no texts, for runtimes other than TensorFlow.

    Args:
        features: Adapted features, which have their statistics.
        codes: The conversions from text to numbers, by the name of each feature of
            texts.

    Returns:
        A functional `keras.Model` like that of `build_encoder`. In place of each text
        it takes its numbers, int64 of shape (N, width).
    """
    import keras

    _require_learned(features)
    inputs = {
        feature.name: keras.Input(
            (codes[feature.name].width,), name=feature.name, dtype="int64"
        )
        if feature.name in codes
        else feature.input_layer()
        for feature in features
    }
    return _model(features, inputs, "code_encoder")


def _require_learned(features: Sequence[Feature]) -> None:
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


def _model(
    features: Sequence[Feature], inputs: dict[str, keras.KerasTensor], name: str
) -> keras.Model:
    import keras

    return keras.Model(inputs, _encode_blocks(features, inputs), name=name)


def _encode_blocks(
    features: Sequence[Feature], inputs: dict[str, keras.KerasTensor]
) -> keras.KerasTensor:
    """Encode the features of each kind together, and restore their order."""
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
