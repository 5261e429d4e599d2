"""Rows from a path, for all kinds of files."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from pathlib import Path

from keras_mtl.errors import UserError
from keras_mtl.tables._csv_file import CsvFile
from keras_mtl.tables._fetch import Fetched, fetch
from keras_mtl.tables._json_file import JSON_SUFFIXES, JsonFile
from keras_mtl.tables._parquet_file import ParquetFile
from keras_mtl.tables._read_csv import read_csv_columns
from keras_mtl.tables._text_file import ENCODING, open_text_file
from keras_mtl.tables.column_store import ColumnStore
from keras_mtl.tables.missing_values import MISSING_VALUES
from keras_mtl.tables.read_shards import file_kind, read_shards, read_typed

__all__ = ["read_rows"]

# Files whose format shows which values are numbers.
TYPED: dict[str, type[ParquetFile] | type[JsonFile]] = {
    ".parquet": ParquetFile,
    **dict.fromkeys(JSON_SUFFIXES, JsonFile),
}
KNOWN = {*TYPED, ".csv", ".json"}


def read_rows(
    path: str,
    words: Collection[str],
    missing: Sequence[str],
    decimal_mark: str | None = None,
    numbers: Collection[str] = (),
) -> ColumnStore:
    """Read rows from a file, a folder, an address or the standard input.

    Args:
        path: A file of CSV, JSON lines or Parquet, or a folder of such files; an
            address that fsspec opens; or `-` for the standard input. The columns of a
            folder are stored on a disk, the columns of a file in memory.
        words: The columns that hold words even if they look like numbers, such as
            `03`.
        missing: Texts that mean a missing cell, in addition to the usual texts.
        decimal_mark: See `read_csv`.
        numbers: The columns that are known to hold numbers. A model that learned from
            `5 mg` and `10 mg` can then predict a single `5 mg`.

    Raises:
        UserError: With all errors of the file.
    """
    missing = (*MISSING_VALUES, *missing)
    # The temporary copy exists until the rows are read.
    rows = fetch(path)
    if os.path.isdir(rows.path):
        return read_shards(
            rows.source, words, missing, decimal_mark, numbers, path=rows.path
        )
    kind = _kind(rows)
    own = None if rows.copy is None else rows.path
    if kind in TYPED:
        file = TYPED[kind](rows.source, own)
        return read_typed(file, words, missing, decimal_mark, numbers)
    if kind == ".json":
        raise UserError(
            f"{path}: expected JSON lines, an object per line, in a file named "
            "*.jsonl. Received: a JSON file. Write them, for example with "
            "`jq -c '.[]'`."
        )
    table = CsvFile(rows.source, own)
    if table.errors:
        raise UserError(*table.errors)
    return read_csv_columns(table, table.names, words, missing, decimal_mark, numbers)


def _kind(rows: Fetched) -> str:
    """Return the kind of a file, from its suffix or otherwise from its beginning."""
    kind = file_kind(Path(rows.path))
    if rows.copy is None or kind in KNOWN:
        return kind
    with open(rows.path, "rb") as stream:
        if stream.read(4) == b"PAR1":
            return ".parquet"
    text = open_text_file(rows.source, rows.path)
    with open(text.path, encoding=ENCODING) as handle:
        start = handle.read(1000).lstrip()
    return JSON_SUFFIXES[0] if start.startswith("{") else ".csv"
