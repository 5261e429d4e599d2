"""Metadata of a version, for programs and for people."""

from __future__ import annotations

import json
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_mtl.serving.model_card import model_card
from keras_mtl.serving.served_columns import served_columns

if TYPE_CHECKING:
    from keras_mtl.model import MultiTaskModel
    from keras_mtl.serving.signatures import Signature

__all__ = [
    "METADATA_FILE",
    "MODEL_CARD_FILE",
    "add_details",
    "describe_model",
    "plain_json",
    "read_metadata",
    "write_metadata",
]

# In the folder of the version. The server does not read these files.
METADATA_FILE = Path("assets.extra", "metadata.json")
MODEL_CARD_FILE = Path("assets.extra", "model_card.md")

# The version of the format of the metadata.
FORMAT = 1


def describe_model(model: MultiTaskModel, name: str) -> dict[str, Any]:
    """Return the description of a model as plain values.

    Args:
        model: A model of raw features.
        name: The name of the served model.

        Returns:
            The features with their columns, their ranges or words and their codes for
            missing; the tasks with their classes and thresholds; the versions of the
            packages.
    """
    return {
        "format": FORMAT,
        "name": name,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "features": [feature.metadata() for feature in model.features],
        "tasks": [task.metadata() for task in model.tasks],
        "versions": {
            "python": platform.python_version(),
            **{
                package: version(package)
                for package in ("keras-mtl", "keras", "tensorflow", "numpy")
            },
        },
    }


def write_metadata(
    folder: Path,
    model: MultiTaskModel,
    name: str,
    signatures: dict[str, Signature],
    details: dict[str, Any],
) -> None:
    """Write the metadata and the model card of a version.

    Args:
        folder: The folder of the version.
        model: The model.
        name: The name of the served model.
        signatures: The signatures by name.
        details: Further content, which the model does not contain.
    """
    metadata = describe_model(model, name)
    for task, described in zip(model.tasks, metadata["tasks"], strict=True):
        described["predictions"] = served_columns(task)
    metadata["signatures"] = {
        key: {
            "method": signature.method,
            "inputs": _describe_inputs(signature),
            "answers": signature.summary,
        }
        for key, signature in signatures.items()
    }
    metadata["details"] = details
    _write(folder, metadata)


def add_details(folder: Path, details: dict[str, Any]) -> str:
    """Add later results to the metadata of a version, and rewrite its model card.

    Args:
        folder: The folder of the version.
        details: The content to add.

    Returns:
        The content of the new model card.
    """
    metadata = read_metadata(folder)
    metadata["details"] |= details
    return _write(folder, metadata)


def _write(folder: Path, metadata: dict[str, Any]) -> str:
    path = folder / METADATA_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    # JSON has no NaN: a metric that the rows do not define is null.
    text = json.dumps(plain_json(metadata), indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8", errors="backslashreplace")
    card = model_card(metadata)
    (folder / MODEL_CARD_FILE).write_text(card, "utf-8", errors="backslashreplace")
    return card


def read_metadata(folder: Path) -> dict[str, Any]:
    """Read the metadata of a version.

    Args:
        folder: The folder of the version.

    Returns:
        The metadata; empty if the version has no metadata.
    """
    try:
        metadata = json.loads((folder / METADATA_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return metadata if isinstance(metadata, dict) else {}


def _describe_inputs(signature: Signature) -> dict[str, Any]:
    """Describe the inputs of a signature, with their argument names in Python."""
    return {
        name: {"dtype": signature.inputs[name], "keyword": keyword}
        for name, keyword in signature.keywords.items()
    }


def plain_json(value: Any) -> Any:
    """Convert values to values of JSON: NaN and infinity become null.

    Example:

    >>> plain_json({"auc": float("nan"), "classes": ("a", "b")})
    {'auc': None, 'classes': ['a', 'b']}
    """
    if isinstance(value, dict):
        return {str(key): plain_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_json(item) for item in value]
    if hasattr(value, "item"):
        return plain_json(value.item())
    if isinstance(value, float) and value - value != 0:
        return None
    return value
