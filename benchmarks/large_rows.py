"""A generated table of many rows, similar to real tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

__all__ = ["TASKS", "make_rows", "write_rows", "write_shards"]

ROWS_A_CHUNK = 100_000
NUMBERS = 18
COUNTS = 4
# The number of different words of each column of words.
WORDS = (3, 4, 5, 6, 9)
# The shares of missing cells, by column.
GAPS = {"number_1": 0.08, "number_7": 0.02, "number_12": 0.2, "word_2": 0.1}
TASKS = ("churn:binary", "plan:multiclass", "spend:regression")


def make_rows(rows: int, seed: int = 0) -> Iterator[pd.DataFrame]:
    """Make 27 columns of features and three of labels, with labels missing.

    Args:
        rows: The number of rows.
        seed: The seed of the rows.

        Yields:
            Parts of the rows, in order.
    """
    for number, start in enumerate(range(0, rows, ROWS_A_CHUNK)):
        yield _chunk(
            min(ROWS_A_CHUNK, rows - start), np.random.default_rng((seed, number))
        )


def write_rows(path: Path, rows: int, seed: int = 0) -> None:
    """Write the rows of `make_rows` as a CSV file."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        for number, chunk in enumerate(make_rows(rows, seed)):
            chunk.to_csv(stream, index=False, header=number == 0)


def write_shards(folder: Path, rows: int, shards: int, seed: int = 0) -> None:
    """Write the rows of `make_rows`, in order, as several CSV files."""
    folder.mkdir()
    size = -(-rows // shards)
    start = 0
    for chunk in make_rows(rows, seed):
        while len(chunk):
            number, used = divmod(start, size)
            part, chunk = chunk.iloc[: size - used], chunk.iloc[size - used :]
            part.to_csv(
                folder / f"part-{number:03d}.csv",
                mode="a",
                index=False,
                header=used == 0,
            )
            start += len(part)


def _chunk(rows: int, generator: np.random.Generator) -> pd.DataFrame:
    columns: dict[str, np.ndarray] = {}
    hidden = generator.normal(size=(rows, 3))
    for index in range(NUMBERS):
        noise = generator.normal(size=rows)
        columns[f"number_{index}"] = (hidden[:, index % 3] + noise).round(4)
    for index in range(COUNTS):
        rate = np.exp(0.3 * hidden[:, index % 3])
        columns[f"count_{index}"] = np.minimum(generator.poisson(rate), 6)
    for index, many in enumerate(WORDS):
        words = np.asarray([f"word {number}" for number in range(many)], object)
        place = hidden[:, index % 3] + generator.normal(size=rows)
        columns[f"word_{index}"] = words[
            np.clip(many / 2 + place, 0, many - 1).astype(int)
        ]
    score = hidden.sum(axis=1) + np.sin(3 * hidden[:, 0])
    noisy = score + generator.logistic(size=rows)
    columns["churn"] = np.where(noisy > 1, "yes", "no").astype(object)
    plans = np.asarray(["basic", "family", "premium"], object)
    columns["plan"] = plans[np.digitize(hidden[:, 1] + noisy / 4, [-0.7, 0.7])]
    columns["spend"] = np.exp(0.3 * score + 0.2 * generator.normal(size=rows)).round(3)
    frame = pd.DataFrame(columns)
    for column, share in {**GAPS, "churn": 0.2, "spend": 0.1}.items():
        frame[column] = frame[column].mask(generator.random(rows) < share)
    return frame
