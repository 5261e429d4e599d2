"""The inputs and outputs of a served model, from the metadata of its version."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras_mtl.errors import UserError, show_value

__all__ = ["InputColumn", "ModelDescription", "PredictionColumn", "read_description"]

# Within the folder of a version.
METADATA_FILE = Path("assets.extra", "metadata.json")
# The `format` of the metadata that this module reads.
FORMAT = 1


@dataclass(frozen=True)
class InputColumn:
    """One input of the model.

    Attributes:
        name: The name of the input.
        column: The column of the data that holds its values.
        dtype: `"float32"` or `"string"`.
    """

    name: str
    column: str
    dtype: str


@dataclass(frozen=True)
class PredictionColumn:
    """One column of the predictions, and its place in a response.

    Attributes:
        column: The name of the column, for example `"thal_probability[normal]"`.
        output: The name of the served output, for example `"thal"`.
        index: The position in the output's list; None where the output has one
            value per row.
        dtype: `"string"`, or a type of NumPy, for example `"float32"`.
        task: The name of the task.
    """

    column: str
    output: str
    index: int | None
    dtype: str
    task: str


@dataclass(frozen=True)
class ModelDescription:
    """The inputs and outputs of one version of a served model.

    Attributes:
        name: The name of the model.
        inputs: The inputs, in the order of the model.
        predictions: The columns of the predictions, in the order of `predict`.
    """

    name: str
    inputs: tuple[InputColumn, ...]
    predictions: tuple[PredictionColumn, ...]

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of the outputs that the predictions need."""
        return tuple(dict.fromkeys(column.output for column in self.predictions))


def read_description(
    metadata: Mapping[str, Any] | str | os.PathLike[str],
) -> ModelDescription:
    """Read the inputs and outputs of a served model from its metadata.

    Args:
        metadata: The file `assets.extra/metadata.json` of the served version, its
            content as a dict, the folder of the version, the folder of the model (whose
            newest version is used), or the run folder.

    Raises:
        UserError: If the file does not exist or is not a metadata file.

    Example:

    >>> description = read_description({
    ...     "format": 1,
    ...     "name": "heart",
    ...     "features": [{"name": "age", "column": "Age", "dtype": "float32"}],
    ...     "tasks": [
    ...         {
    ...             "name": "sick",
    ...             "predictions": [
    ...                 {"column": "sick_value", "output": "sick", "dtype": "float32"}
    ...             ],
    ...         }
    ...     ],
    ... })
    >>> description.inputs
    (InputColumn(name='age', column='Age', dtype='float32'),)
    """
    source = "metadata"
    if isinstance(metadata, str | os.PathLike):
        path = _find_file(Path(metadata))
        source = str(path)
        metadata = _read_file(path)
    if not isinstance(metadata, Mapping) or metadata.get("format") != FORMAT:
        raise UserError(
            f"{source}: expected the metadata of a version that keras_mtl exported, of "
            f"format {FORMAT}. Received: {show_value(metadata)}. Pass the "
            f"{METADATA_FILE} of the served version."
        )
    try:
        return ModelDescription(
            str(metadata["name"]),
            tuple(
                InputColumn(each["name"], each["column"], each["dtype"])
                for each in metadata["features"]
            ),
            tuple(
                PredictionColumn(
                    each["column"],
                    each["output"],
                    each.get("index"),
                    each["dtype"],
                    task["name"],
                )
                for task in metadata["tasks"]
                for each in task["predictions"]
            ),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"{source}: expected metadata with the features, and for each task its "
            f"predictions. Received: metadata without {error}. Export the run again: "
            "python -m keras_mtl.export RUN --to serving."
        ) from None


def _find_file(path: Path) -> Path:
    if not path.is_dir():
        return path
    served = list(path.glob("serving/*"))
    if len(served) == 1:
        # A run folder, which has the first version of its model.
        path = served[0]
    versions = [
        child
        for child in path.iterdir()
        if child.name.isdecimal() and (child / METADATA_FILE).is_file()
    ]
    if versions:
        path = max(versions, key=lambda child: int(child.name))
    return path / METADATA_FILE


def _read_file(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UserError(
            f"{path}: expected the metadata of a served version. Received: "
            f"{error.strerror}. Pass the folder of the version, for example "
            f"serving/heart_disease/1, or a copy of its {METADATA_FILE}."
        ) from None
    except ValueError:
        raise UserError(
            f"{path}: expected metadata in JSON. Received: another file. Pass the "
            f"{METADATA_FILE} of the served version."
        ) from None
