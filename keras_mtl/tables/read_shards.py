"""A folder of CSV or Parquet files that are one table together."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

from keras_mtl.errors import UserError, gather
from keras_mtl.tables._csv_file import CsvFile
from keras_mtl.tables._parquet_file import ParquetFile
from keras_mtl.tables._read_columns import read_columns
from keras_mtl.tables._read_csv import warn_of_notes, warn_of_structure
from keras_mtl.tables.column_store import ColumnStore
from keras_mtl.tables.disk_array import disk_array

__all__ = ["ShardLines", "read_parquet", "read_shards"]

Shard = CsvFile | ParquetFile
KINDS: dict[str, type[CsvFile] | type[ParquetFile]] = {
    ".csv": CsvFile,
    ".parquet": ParquetFile,
}


# As `_text_file` unpacks them.
PACKED = {".gz", ".bz2", ".xz", ".zip"}


class ShardLines:
    """Which file, and which of its rows, each row of a table of many files is.

    Args:
        shards: The files.
    """

    def __init__(self, shards: Sequence[Shard]) -> None:
        self._names = [Path(shard.source).name for shard in shards]
        self._lines = [
            shard.structure.lines if isinstance(shard, CsvFile) else None
            for shard in shards
        ]
        self._starts = [0, *accumulate(shard.rows for shard in shards)]

    def describe(self, row: int) -> str:
        """Names a row, counted from 0, as a user finds it in its file."""
        shard = bisect_right(self._starts, row) - 1
        lines, own = self._lines[shard], row - self._starts[shard]
        where = f"data row {own + 1}" if lines is None else lines.describe(own)
        return f"{where} of {self._names[shard]}"

    def __len__(self) -> int:
        return self._starts[-1]

    def __deepcopy__(self, memo: dict[int, Any]) -> ShardLines:
        # Pandas copies what a frame carries at every step.
        return self


def read_shards(
    folder: str,
    text_columns: Collection[str],
    missing: Collection[str],
    decimal_mark: str | None = None,
    number_columns: Collection[str] = (),
) -> ColumnStore:
    """Reads the files of a folder, in the order of their names.

    Their columns go to temporary files as they are read, so that only one part
    of one file is in memory.

    Args:
        folder: The folder. Files that are neither CSV, packed or not, nor
            Parquet, and hidden ones, are left alone.
        text_columns: Columns that are text even if they look like numbers.
        missing: The texts that mean a missing value.
        decimal_mark: See `read_csv`.
        number_columns: See `read_columns`.

    Returns:
        The rows of all files.

    Raises:
        UserError: With all errors of all files.
    """
    errors: list[str] = []
    shards: list[Shard] = []
    for path in _find(Path(folder)):
        with gather(errors):
            shard = KINDS[_kind(path)](str(path))
            errors += shard.errors
            shards.append(shard)
    for shard in shards[1:]:
        errors += _differences(shard, shards[0])
    if errors:
        # One that all Parquet files share is told once.
        raise UserError(*dict.fromkeys(errors))
    first = shards[0]
    for shard in shards:
        if isinstance(shard, CsvFile):
            warn_of_structure(shard)
    store, notes = read_columns(
        shards,
        first.names,
        text_columns,
        {"", *missing},
        first.structure.delimiter if isinstance(first, CsvFile) else None,
        ShardLines(shards),
        disk_array,
        decimal_mark,
        number_columns,
    )
    warn_of_notes(notes, folder)
    return store


def read_parquet(
    path: str, text_columns: Collection[str], missing: Collection[str]
) -> ColumnStore:
    """Reads one Parquet file into memory. See `read_shards`."""
    file = ParquetFile(path)
    if file.errors:
        raise UserError(*file.errors)
    store, notes = read_columns(
        [file], file.names, text_columns, {"", *missing}, delimiter=None
    )
    warn_of_notes(notes, path)
    return store


def _find(folder: Path) -> list[Path]:
    try:
        files = sorted(path for path in folder.iterdir() if path.is_file())
    except OSError as error:
        raise UserError(
            f"{folder}: cannot be read ({error.strerror or error})."
        ) from error
    found = [
        path for path in files if _kind(path) in KINDS and not path.name.startswith(".")
    ]
    kinds = {_kind(path): path.name for path in reversed(found)}
    if not found:
        raise UserError(
            f"{folder}: expected a folder of *.csv or *.parquet files. Received: one "
            "without any. Name a file, or the folder that holds them."
        )
    if len(kinds) > 1:
        raise UserError(
            f"{folder}: expected files of one kind. Received: "
            f"{' and '.join(kinds[kind] for kind in sorted(kinds))}. Move those of "
            "one kind elsewhere."
        )
    return found


def _kind(path: Path) -> str:
    """Returns a file's suffix, that of the rows within for a packed CSV file."""
    suffix = path.suffix.lower()
    within = Path(path.stem).suffix.lower()
    return within if suffix in PACKED and within == ".csv" else suffix


def _differences(shard: Shard, first: Shard) -> list[str]:
    """Tells how a file differs from the first one."""
    if not shard.names or not first.names:
        return []
    messages = []
    lacking = [name for name in first.names if name not in shard.names]
    more = [name for name in shard.names if name not in first.names]
    if lacking or more:
        parts = [f"none named {', '.join(map(repr, lacking))}"] if lacking else []
        parts += [f"{', '.join(map(repr, more))} besides"] if more else []
        messages.append(
            f"{shard.source}: expected the columns of {Path(first.source).name}. "
            f"Received: {', and '.join(parts)}. Give all files the same columns."
        )
    if isinstance(shard, CsvFile) and isinstance(first, CsvFile):
        ours, theirs = shard.structure.delimiter, first.structure.delimiter
        if ours != theirs and not messages:
            messages.append(
                f"{shard.source}: expected the delimiter {theirs!r}, as in "
                f"{Path(first.source).name}. Received: {ours!r}. Write all files alike."
            )
    return messages
