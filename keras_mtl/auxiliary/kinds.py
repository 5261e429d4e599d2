"""The kinds of auxiliary helpers by name, and their conversion to plain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keras_mtl._core.kinds import deserialize_kind
from keras_mtl._core.registry import Registry
from keras_mtl.auxiliary.helper import AuxiliaryHelper
from keras_mtl.tasks.kinds import TASK_KINDS, parse_task

__all__ = [
    "AUXILIARY_KINDS",
    "deserialize_helper",
    "parse_auxiliary",
    "serialize_helper",
]

AUXILIARY_KINDS: Registry[type[AuxiliaryHelper]] = Registry(
    "auxiliary kind",
    "an auxiliary kind among",
    {
        "hint": "keras_mtl.auxiliary.hint:Hint",
        "hindsight": "keras_mtl.auxiliary.hindsight:Hindsight",
        "smoothed": "keras_mtl.auxiliary.smoothed:Smoothed",
        "missing-pattern": "keras_mtl.auxiliary.missing_pattern:MissingPattern",
        "reconstruction": "keras_mtl.auxiliary.reconstruction:Reconstruction",
    },
)


def serialize_helper(helper: AuxiliaryHelper) -> dict[str, Any]:
    """Convert a helper to plain values, for TOML."""
    return {"kind": helper.kind, **helper.get_config()}


def deserialize_helper(config: Mapping[str, Any]) -> AuxiliaryHelper:
    """Create a helper from plain values.

    Args:
        config: The key `kind` and the fields of the declaration.

    Raises:
        ValueError: If the kind is unknown or a field is invalid.

    Example:

    >>> deserialize_helper({"kind": "hindsight", "name": "later", "columns": ["x"]})
    Hindsight(name='later', columns=('x',))
    """
    return deserialize_kind(config, AUXILIARY_KINDS)


def parse_auxiliary(text: str) -> tuple[str, dict[str, Any]]:
    """Parse an auxiliary task of the command line: NAME:KIND[:COLUMN].

    The kind is that of a task or of a helper. The meaning of COLUMN depends on the
    kind.

    Args:
        text: The flag's value.

    Returns:
        The table of the settings that the declaration belongs to, `"tasks"` or
        `"auxiliary"`, and the plain values of the declaration.

    Raises:
        ValueError: If the text does not have this form.

    Example:

    >>> parse_auxiliary("reached:hint:pulse >= 220 - age")
    ('auxiliary', {'kind': 'hint', 'name': 'reached', 'expression': 'pulse >= 220 - age'})
    >>> parse_auxiliary("grade:regression")
    ('tasks', {'kind': 'regression', 'name': 'grade', 'auxiliary': True})
    """  # noqa: E501
    name, *rest = text.split(":", 2)
    kind, column = (rest[0] if rest else ""), rest[1] if len(rest) > 1 else ""
    if name and kind in AUXILIARY_KINDS and kind not in TASK_KINDS:
        values = AUXILIARY_KINDS[kind].parse_column(column)
        return "auxiliary", {"kind": kind, "name": name, **values}
    if name and kind and kind not in TASK_KINDS:
        from keras_mtl.errors import did_you_mean

        known = [*TASK_KINDS, *AUXILIARY_KINDS]
        raise ValueError(
            f"expected the kind of a task or a helper; received {kind!r} in {text!r}."
            f"{did_you_mean(kind, known)} Kinds: {', '.join(known)}"
        )
    return "tasks", {**parse_task(text), "auxiliary": True}
