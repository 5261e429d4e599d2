"""Parts of the rows of one Parquet file."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from keras_mtl.errors import UserError
from keras_mtl.tables._cell_values import mask_numbers

__all__ = ["ParquetFile"]

# The number of cells that are read at a time: some tens of mebibytes.
CELLS_A_PART = 2_000_000


class ParquetFile:
    """A Parquet file, with numbers unchanged and other cells as words.

    Truth values are the words `true` and `false`. Dates are written as 2026-11-22, like
    in a CSV file.

    Args:
        source: The path in messages.
        path: The path of the file; by default the source.

    Raises:
        UserError: If pyarrow is not installed or cannot read the file.
    """

    # A Parquet file has no lines.
    lines = None

    def __init__(self, source: str, path: str | None = None) -> None:
        try:
            import pyarrow
            import pyarrow.parquet
        except ImportError:
            raise UserError(
                f"{source}: Parquet files are read by pyarrow, which is not installed. "
                "Install it: python -m pip install 'keras-mtl[parquet]'. Or write the "
                "rows as CSV."
            ) from None
        self.source = source
        try:
            self._file = pyarrow.parquet.ParquetFile(source if path is None else path)
        except FileNotFoundError:
            raise UserError(f"{source}: no such file.") from None
        except (pyarrow.ArrowException, OSError) as error:
            raise UserError(
                f"{source}: expected a Parquet file. Received: one that can't be read "
                f"({str(error).splitlines()[0]}). Write it again."
            ) from None
        self._schema = self._file.schema_arrow

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names."""
        return tuple(self._schema.names)

    @property
    def rows(self) -> int:
        """The number of rows."""
        return int(self._file.metadata.num_rows)

    @property
    def errors(self) -> tuple[str, ...]:
        """The errors that prevent reading the file as a table of cells."""
        found = []
        for name in dict.fromkeys(self.names):
            count = self.names.count(name)
            if count > 1:
                found.append(
                    f"{self.source}: expected different column names. Received: "
                    f"{name!r} {count} times. Rename all but one."
                )
                continue
            kind = self._schema.field(name).type
            if _is_nested(kind):
                found.append(
                    f"{self.source}, column {name!r}: expected numbers, text, truth "
                    f"values or dates. Received: {kind}. Write each part into a "
                    "column of its own, or leave the column out."
                )
        if not self.names or not self.rows:
            found.append(
                f"{self.source}: there are no data rows. Expected at least one."
            )
        return tuple(found)

    def parts(
        self,
        columns: Sequence[str],
        text_columns: Collection[str],
        missing: Collection[str],
    ) -> Iterator[pd.DataFrame]:
        """Read the file from its beginning, part by part.

        Args:
            columns: The columns to read.
            text_columns: Not used: the types in a Parquet file show which columns are
                text.
            missing: The texts that mean a missing value. A text that is a number, such
                as `"-9"`, also means it in columns of numbers.

        Yields:
            The next rows.
        """
        import pyarrow

        del text_columns
        size = max(1000, CELLS_A_PART // len(columns))
        try:
            for batch in self._file.iter_batches(size, columns=list(columns)):
                yield pd.DataFrame(
                    {
                        name: mask_numbers(_cells(batch.column(name)), missing)
                        for name in columns
                    }
                )
        except (pyarrow.ArrowException, OSError) as error:
            raise UserError(f"{self.source}: cannot be read ({error}).") from error


def _cells(column: Any) -> pd.Series:
    """Convert an Arrow array to numbers or words."""
    import pyarrow

    types = pyarrow.types
    if types.is_decimal(column.type) or types.is_float16(column.type):
        column = column.cast(pyarrow.float64())
    elif types.is_null(column.type):
        return pd.Series(np.nan, range(len(column)))
    elif not types.is_integer(column.type) and not types.is_floating(column.type):
        if types.is_dictionary(column.type):
            column = column.dictionary_decode()
        return column.cast(pyarrow.large_string()).to_pandas().astype("str")
    values: pd.Series = column.to_pandas()
    return values


def _is_nested(kind: Any) -> bool:
    import pyarrow

    types = pyarrow.types
    if types.is_dictionary(kind):
        return _is_nested(kind.value_type)
    binary = types.is_binary(kind) or types.is_large_binary(kind)
    return types.is_nested(kind) or binary or types.is_fixed_size_binary(kind)
