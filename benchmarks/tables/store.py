"""Results of the bench, one line per table, fold, target and method."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from pathlib import Path

import pandas as pd

__all__ = ["Result", "ResultStore"]


@dataclass(frozen=True)
class Result:
    """Score of a method for one target in one fold.

    Attributes:
        table: The table's name.
        fold: The fold that was held out.
        target: The target's column.
        method: The method, as `--methods` takes it.
        version: The package and version that fitted.
        rows: The rows held out that have a label.
        log_loss: Of classes, NaN for a number.
        auc: Of classes, NaN for a number.
        r2: Of a number, NaN for classes.
        calibration_error: The expected calibration error of the positive or
            the most probable class, its chance part not removed.
        seconds: The time of the fit, tuning included. One fit of several
            targets is divided evenly among them.
    """

    table: str
    fold: int
    target: str
    method: str
    version: str
    rows: int
    log_loss: float
    auc: float
    r2: float
    calibration_error: float
    seconds: float

    @property
    def key(self) -> tuple[str, int, str, str]:
        """The fields that a result is found by."""
        return self.table, self.fold, self.target, self.method


class ResultStore:
    """Results in a CSV file, written line by line as they come.

    A run that ends early leaves whole lines, and the next run fits only what
    they lack. Of two lines with one key the later one counts.

    Args:
        path: The file. It need not be there.

    Example:

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> store = ResultStore(folder / "results.csv")
    >>> nan = float("nan")
    >>> store.add(Result("cars", 0, "mpg", "linear", "", 9, nan, nan, 0.8, nan, 0.1))
    >>> ResultStore(folder / "results.csv").has("cars", 0, "mpg", "linear")
    True
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._keys = {
            (row.table, int(row.fold), row.target, row.method)
            for row in self.read().itertuples()
        }

    def has(self, table: str, fold: int, target: str, method: str) -> bool:
        """Return whether there is a result."""
        return (table, fold, target, method) in self._keys

    def add(self, result: Result) -> None:
        """Append a result."""
        line = pd.DataFrame([asdict(result)])
        is_new = not self.path.exists()
        # One write of a short line: two processes may share the file.
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(line.to_csv(index=False, header=is_new, float_format="%.5g"))
        self._keys.add(result.key)

    def read(self) -> pd.DataFrame:
        """Return all results; of two with one key the later one."""
        if not self.path.exists():
            return pd.DataFrame(columns=[field.name for field in fields(Result)])
        key = ["table", "fold", "target", "method"]
        return pd.read_csv(self.path).drop_duplicates(key, keep="last")
