"""A folder of CSV, JSON or Parquet files that form one table."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import pandas as pd

from keras_mtl.errors import UserError, gather
from keras_mtl.tables._csv_file import CsvFile
from keras_mtl.tables._json_file import JSON_SUFFIXES, JsonFile
from keras_mtl.tables._parquet_file import ParquetFile
from keras_mtl.tables._partitions import Partition, is_partition, partition_values
from keras_mtl.tables._read_columns import read_columns
from keras_mtl.tables._read_csv import warn_of_notes, warn_of_structure
from keras_mtl.tables.addresses import is_address
from keras_mtl.tables.column_store import ColumnStore
from keras_mtl.tables.disk_array import disk_array

__all__ = ["ShardLines", "file_kind", "read_shards", "read_typed"]

File = CsvFile | ParquetFile | JsonFile
Shard = File | Partition
KINDS: dict[str, type[CsvFile] | type[ParquetFile] | type[JsonFile]] = {
    ".csv": CsvFile,
    ".parquet": ParquetFile,
    **dict.fromkeys(JSON_SUFFIXES, JsonFile),
}


TEXTS = {".csv", *JSON_SUFFIXES}
# Suffixes of compressed files, which `_text_file` decompresses.
PACKED = {".gz", ".bz2", ".xz", ".zip", ".zst"}


class ShardLines:
    """Files and line numbers of the rows of a table of many files.

    Args:
        shards: The files.
        names: The paths of the files below the folder.
    """

    def __init__(self, shards: Sequence[Shard], names: Sequence[str]) -> None:
        self._names = names
        self._lines = [shard.lines for shard in shards]
        self._starts = [0, *accumulate(shard.rows for shard in shards)]

    def describe(self, row: int) -> str:
        """Describe a row, counted from 0, by its file and its position there."""
        shard = bisect_right(self._starts, row) - 1
        lines, own = self._lines[shard], row - self._starts[shard]
        where = f"data row {own + 1}" if lines is None else lines.describe(own)
        return f"{where} of {self._names[shard]}"

    def __len__(self) -> int:
        return self._starts[-1]

    def __deepcopy__(self, memo: dict[int, Any]) -> ShardLines:
        # pandas makes a deep copy of `attrs` at every step.
        return self


def read_shards(
    folder: str,
    text_columns: Collection[str],
    missing: Collection[str],
    decimal_mark: str | None = None,
    number_columns: Collection[str] = (),
    path: str | None = None,
) -> ColumnStore:
    """Read the files of a folder, in the order of their names.

    Files in folders named like `year=2026` have one more column, `year`. The column
    holds numbers if its values are numbers in all folders.

    The columns are written to temporary files while they are read, so memory holds only
    one part of one file.

    Args:
        folder: The folder. It may hold CSV and JSON lines, compressed or not, and
            Parquet. Other files and hidden files are ignored.
        text_columns: The columns that are text even if they look like numbers.
        missing: The texts that mean a missing value.
        decimal_mark: See `read_csv`.
        number_columns: See `read_columns`.
        path: The path of the folder, if `folder` is only its name in messages.

    Returns:
        The rows of all files.

    Raises:
        UserError: With all errors of all files.
    """
    base = Path(folder if path is None else path)
    found = _find(folder, base)
    names = [each.relative_to(base).as_posix() for each in found]
    values = [partition_values(each.relative_to(base)) for each in found]
    numbers = _number_keys(values, missing)
    errors: list[str] = _other_keys(folder, names, values)
    shards: list[Shard] = []
    first_name = ""
    for each, name, own in zip(found, names, values, strict=True):
        with gather(errors):
            file = KINDS[file_kind(each)](_joined(folder, name), str(each))
            shard = Partition(file, own, numbers) if own else file
            errors += shard.errors
            shards.append(shard)
            first_name = first_name or name
    for shard in shards[1:]:
        errors += _differences(shard, shards[0], first_name)
    if errors:
        # An error that all Parquet files share is reported once.
        raise UserError(*dict.fromkeys(errors))
    files = [_file(shard) for shard in shards]
    for file in files:
        if isinstance(file, CsvFile):
            warn_of_structure(file)
    store, notes = read_columns(
        shards,
        shards[0].names,
        text_columns,
        {"", *missing},
        files[0].structure.delimiter if isinstance(files[0], CsvFile) else None,
        ShardLines(shards, names),
        disk_array,
        decimal_mark,
        number_columns,
    )
    warn_of_notes(notes, folder)
    return store


def _file(shard: Shard) -> File:
    return shard.file if isinstance(shard, Partition) else shard


def _joined(folder: str, name: str) -> str:
    """Return the path of a file; a `Path` would shorten the slashes of an address."""
    return f"{folder}/{name}" if is_address(folder) else str(Path(folder, name))


def _number_keys(
    values: Sequence[Mapping[str, str | None]], missing: Collection[str]
) -> set[str]:
    """Find the keys of partitions whose values are numbers in all files."""
    texts: dict[str, set[str]] = {}
    for own in values:
        for key, text in own.items():
            texts.setdefault(key, set())
            if text is not None and text not in missing:
                texts[key].add(text)
    return {
        key
        for key, found in texts.items()
        if pd.to_numeric(pd.Series([*found], dtype=object), errors="coerce")
        .notna()
        .all()
    }


def _other_keys(
    folder: str, names: Sequence[str], values: Sequence[Mapping[str, str | None]]
) -> list[str]:
    """Return messages about files in folders with other keys than the first file."""
    keys = [*values[0]]
    return [
        f"{_joined(folder, name)}: expected folders of the same keys as those of "
        f"{names[0]}, {', '.join(keys) or 'none'}. Received: "
        f"{', '.join(own) or 'none'}. Move the file."
        for name, own in zip(names, values, strict=True)
        if [*own] != keys
    ]


def read_typed(
    file: ParquetFile | JsonFile,
    text_columns: Collection[str],
    missing: Collection[str],
    decimal_mark: str | None = None,
    number_columns: Collection[str] = (),
) -> ColumnStore:
    """Read one Parquet or JSON file into memory. See `read_shards`."""
    if file.errors:
        raise UserError(*file.errors)
    store, notes = read_columns(
        [file],
        file.names,
        text_columns,
        {"", *missing},
        delimiter=None,
        lines=file.lines,
        decimal_mark=decimal_mark,
        number_columns=number_columns,
    )
    warn_of_notes(notes, file.source)
    return store


def _find(folder: str, base: Path) -> list[Path]:
    try:
        files = _files_below(base)
    except OSError as error:
        raise UserError(
            f"{folder}: cannot be read ({error.strerror or error})."
        ) from error
    found = [
        path
        for path in files
        if file_kind(path) in KINDS and not path.name.startswith(".")
    ]
    kinds = {
        KINDS[file_kind(path)]: path.relative_to(base).as_posix()
        for path in reversed(found)
    }
    if not found:
        raise UserError(
            f"{folder}: expected a folder of *.csv, *.jsonl or *.parquet files. "
            "Received: one without any. Name a file, or the folder that holds them."
        )
    if len(kinds) > 1:
        raise UserError(
            f"{folder}: expected files of one kind. Received: "
            f"{' and '.join(sorted(kinds.values()))}. Move those of one kind elsewhere."
        )
    return found


def _files_below(folder: Path) -> list[Path]:
    """Return the files of a folder and of its partitions, in order."""
    files = []
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            files += _files_below(path) if is_partition(path.name) else []
        elif path.is_file():
            files.append(path)
    return files


def file_kind(path: Path) -> str:
    """Return the suffix of a file, without the suffix of a compressed file.

    Example:

    >>> file_kind(Path("a.csv.gz")), file_kind(Path("b.JSONL")), file_kind(Path("c.gz"))
    ('.csv', '.jsonl', '.gz')
    """
    suffix = path.suffix.lower()
    within = Path(path.stem).suffix.lower()
    return within if suffix in PACKED and within in TEXTS else suffix


def _differences(shard: Shard, first: Shard, first_name: str) -> list[str]:
    """Return messages about the differences between a file and the first file."""
    if not shard.names or not first.names:
        return []
    messages = []
    lacking = [name for name in first.names if name not in shard.names]
    more = [name for name in shard.names if name not in first.names]
    if lacking or more:
        parts = [f"none named {', '.join(map(repr, lacking))}"] if lacking else []
        parts += [f"{', '.join(map(repr, more))} besides"] if more else []
        messages.append(
            f"{shard.source}: expected the columns of {first_name}. "
            f"Received: {', and '.join(parts)}. Give all files the same columns."
        )
    file, first_file = _file(shard), _file(first)
    if isinstance(file, CsvFile) and isinstance(first_file, CsvFile):
        ours, theirs = file.structure.delimiter, first_file.structure.delimiter
        if ours != theirs and not messages:
            messages.append(
                f"{shard.source}: expected the delimiter {theirs!r}, as in "
                f"{first_name}. Received: {ours!r}. Write all files alike."
            )
    return messages
