"""One trunk with factors per domain: STAR (Sheng et al. 2021)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from keras_mtl._core.errors import UserError
from keras_mtl.architectures._frame import Features, build_framed
from keras_mtl.architectures.heads import build_heads
from keras_mtl.architectures.settings import StarSettings
from keras_mtl.features import Feature
from keras_mtl.layers import DomainMembership, StarDense
from keras_mtl.model import MultiTaskModel
from keras_mtl.tasks import Task

__all__ = ["build_star"]


def build_star(
    features: Features,
    tasks: Sequence[Task],
    settings: StarSettings | None = None,
    name: str = "star",
) -> MultiTaskModel:
    """Build STAR: a trunk for rows of several domains, such as sites.

    A layer of the trunk has weights that all rows share, times factors of the row's
    domain: see `StarDense` (Sheng et al. 2021). All tasks share the trunk. The domain
    is a categorical feature. A row of an unknown domain gets the mean factors of the
    domains. Without a domain the trunk is that of hard sharing, times one set of
    factors. Unlike in the paper, all domains share the batch normalization.

    Args:
        features: See `build_hard_sharing`.
        tasks: The resolved tasks.
        settings: The settings; see `StarSettings`.
        name: The model's name.

    Returns:
        A `MultiTaskModel` with a dict of outputs by task name.

    Raises:
        ValueError: See `build_hard_sharing`.
        UserError: If the domain is not a feature, or a position is not a column of the
            matrix.

    Example:

    >>> from keras_mtl.tasks import BinaryTask
    >>> settings = StarSettings(domain_columns=(3, 4, 5), trunk=(8,))
    >>> model = build_star(6, [BinaryTask("heart")], settings)
    >>> tuple(model.get_layer("trunk_1").domain_factors.shape)
    (3, 6, 8)
    """
    settings = settings or StarSettings()
    if not isinstance(features, int) and isinstance(features[0], Feature):
        settings = settings.resolve(features)  # type: ignore[arg-type]
    if settings.domain and not settings.domain_columns:
        raise UserError(
            "model.architecture.domain: expected features to look the domain up in, "
            f"or domain_columns; received {settings.domain!r} alone."
        )

    def body(hidden: Any) -> dict[str, Any]:
        width = hidden.shape[-1]
        beyond = [column for column in settings.domain_columns if column >= width]
        if beyond:
            raise UserError(
                "model.architecture.domain_columns: expected positions below "
                f"{width}; received {', '.join(map(str, beyond))}."
            )
        # Dropout follows here, since it must not hide the domain of a row.
        domains = DomainMembership(settings.domain_columns, name="domains")(hidden)
        if settings.input_dropout:
            hidden = keras.layers.Dropout(settings.input_dropout, name="input_dropout")(
                hidden
            )
        for index, units in enumerate(settings.trunk, start=1):
            layer = f"trunk_{index}"
            hidden = StarDense(units, use_bias=not settings.batch_norm, name=layer)(
                [hidden, domains]
            )
            if settings.batch_norm:
                hidden = keras.layers.BatchNormalization(name=f"{layer}_norm")(hidden)
            hidden = keras.layers.Activation(
                settings.activation, name=f"{layer}_activation"
            )(hidden)
            if settings.dropout:
                hidden = keras.layers.Dropout(
                    settings.dropout, name=f"{layer}_dropout"
                )(hidden)
        return build_heads(hidden, tasks, settings.activation, settings.batch_norm)

    return build_framed(features, tasks, body, name)
