"""Settings in a TOML file."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import tomli_w

from keras_mtl.configuration.data_paths import place_data_paths
from keras_mtl.errors import UserError

__all__ = ["read_toml", "write_toml"]

# No setting is as deep as that.
DEEPEST = 20


def read_toml(path: str) -> dict[str, Any]:
    """Read a TOML file.

    Paths of data and of runs in it are relative to the folder of the file.

    Raises:
        UserError: If the file does not exist or is not TOML.
    """
    try:
        # Editors on Windows write a byte order mark, which TOML does not know.
        values = tomllib.loads(Path(path).read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise UserError(
            f"{path}: no such file. Expected the path of a TOML file."
        ) from None
    except OSError as error:
        raise UserError(
            f"{path}: expected a TOML file that can be read; received: "
            f"{error.strerror}."
        ) from None
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path}: expected TOML in UTF-8; byte {error.start} is not. Save the file "
            "as UTF-8."
        ) from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: expected TOML; received: {error}.") from None
    if _depth(values) > DEEPEST:
        raise UserError(
            f"{path}: expected TOML tables within tables, at most {DEEPEST} deep. "
            "Received: more."
        )
    place_data_paths(values, Path(path).parent)
    transfer = values.get("transfer")
    if isinstance(transfer, dict) and isinstance(transfer.get("run"), str):
        transfer["run"] = str(Path(path).parent / transfer["run"])
    return values


def _depth(values: Any) -> int:
    """Return how deep tables and lists are in each other, without recursion."""
    depth, level = 0, [values]
    while level and depth <= DEEPEST:
        depth += 1
        level = [
            child
            for value in level
            if isinstance(value, dict | list)
            for child in (value.values() if isinstance(value, dict) else value)
        ]
    return depth


def write_toml(path: Path, values: dict[str, Any]) -> None:
    """Write plain values as TOML."""
    path.write_text(tomli_w.dumps(values), encoding="utf-8")
