"""Results of the benchmark, one line per table, fold, target and method."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from pathlib import Path

import pandas as pd

__all__ = ["Result", "ResultStore"]


@dataclass(frozen=True)
class Result:
    """Score of a method for one target in one fold.

    Attributes:
        table: The name of the table.
        fold: The number of the held-out fold.
        target: The column of the target.
        method: The method, in the form of `--methods`.
        version: The name and version of the package of the method.
        rows: The number of held-out rows with a label.
        log_loss: The log loss of classes; NaN for numbers.
        auc: The AUC of classes; NaN for numbers.
        r2: The R2 of numbers; NaN for classes.
        calibration_error: The expected calibration error of the positive or the most
            probable class, without a correction for chance.
        seconds: The time of the fit in seconds, including tuning. The time of one fit
            of several targets is divided evenly among the targets.
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
        """The fields that identify a result."""
        return self.table, self.fold, self.target, self.method


class ResultStore:
    """Results in a CSV file, written line by line.

    A run that ends early leaves complete lines, and the next run does only the missing
    fits. Of two lines with the same key, the later line is used.

    Args:
        path: The path of the file, which may not exist yet.

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
        """Return whether a result exists."""
        return (table, fold, target, method) in self._keys

    def add(self, result: Result) -> None:
        """Append a result."""
        line = pd.DataFrame([asdict(result)])
        is_new = not self.path.exists()
        # One write per short line, so two processes can share the file.
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(line.to_csv(index=False, header=is_new, float_format="%.5g"))
        self._keys.add(result.key)

    def read(self) -> pd.DataFrame:
        """Return all results; of two with the same key, the later one."""
        if not self.path.exists():
            return pd.DataFrame(columns=[field.name for field in fields(Result)])
        key = ["table", "fold", "target", "method"]
        return pd.read_csv(self.path).drop_duplicates(key, keep="last")
