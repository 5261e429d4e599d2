"""Declarations of features on the command line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from keras_mtl._core.named_settings import parse_named_settings, split_lists
from keras_mtl.errors import UserError
from keras_mtl.features.infer import feature_name
from keras_mtl.features.kinds import FEATURE_KINDS

__all__ = ["parse_features"]

# A column's name may contain colons: its kind is the last part, or the part before the
# settings.
FORM = re.compile(r"(?P<column>.+?):(?P<chosen>[^:=,]+(:[^:=,]+=.*)?)")


def parse_features(texts: Sequence[str]) -> list[dict[str, Any]]:
    """Parse features of the form COLUMN:KIND[:SETTING=VALUE,...].

    Args:
        texts: The values of the flag.

    Returns:
        The plain values of each declaration, for `deserialize_feature`.

    Raises:
        UserError: If texts do not have this form, with one message per text.

    Example:

    >>> parse_features(["blood pressure:numeric:missing_values=0"])[0]["name"]
    'blood_pressure'
    """
    errors: list[str] = []
    features: list[dict[str, Any]] = []
    taken: set[str] = set()
    for text in texts:
        match = FORM.fullmatch(text)
        if match is None:
            errors.append(
                "--feature: expected COLUMN:KIND or COLUMN:KIND:SETTING=VALUE,..., "
                f"such as age:numeric; received {text!r}."
            )
            continue
        column = match["column"]
        chosen = parse_named_settings(match["chosen"])
        settings = chosen.settings
        if chosen.name in FEATURE_KINDS:
            settings = split_lists(settings, FEATURE_KINDS[chosen.name])
        name = feature_name(column, taken)
        taken.add(name.lower())
        features.append(
            {
                "kind": chosen.name,
                "name": name,
                **({} if name == column else {"column": column}),
                **settings,
            }
        )
    if errors:
        raise UserError(*errors)
    return features
