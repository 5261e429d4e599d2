"""Time of a served average of many members, beside one member.

    python -m benchmarks.served_members [--members 10] [--rows 1,64] [--rounds 500]

The heart data are fitted once with one member and once with many. The two SavedModels
are loaded like in TensorFlow Serving, and predict the same rows in turns. The aim: ten
averaged members take at most 1.3 times the time of one.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from benchmarks.check_flags import whole_number, whole_numbers
from keras_mtl.configuration.command_line import Flag, run_command
from keras_mtl.errors import UserError

if TYPE_CHECKING:
    from keras_mtl.serving.session import ServingSession

__all__ = ["FLAGS", "main"]

SUMMARY = "Measures what averaging many members costs for each answer."
FLAGS = (
    Flag("--members", "members", "The members to average.", metavar="N"),
    Flag("--rows", "rows", "The rows of a request.", form="list", metavar="1,64"),
    Flag("--rounds", "rounds", "The turns that each model gets.", metavar="N"),
)
# The time of predictions does not depend on the number of epochs.
EPOCHS = 3


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark and return its exit status."""
    return run_command(
        "python -m benchmarks.served_members", SUMMARY, FLAGS, _measure, argv=argv
    )


def _measure(values: dict[str, Any], errors: list[str]) -> None:
    members = whole_number("--members", values.get("members", 10), errors, least=2)
    sizes = whole_numbers("--rows", values.get("rows", ("1", "64")), errors)
    rounds = whole_number("--rounds", values.get("rounds", 500), errors)
    if errors:
        raise UserError(*errors)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    title = f"Answers of {members} averaged members beside those of one"
    table = Table("rows", "one member, ms", f"{members} members, ms", "ratio")
    with tempfile.TemporaryDirectory() as folder:
        one, many = (_serve(Path(folder), count) for count in (1, members))
        for rows in sizes:
            single, averaged = _turns(one, many, rows, rounds)
            ratio = statistics.median(
                after / before for before, after in zip(single, averaged, strict=True)
            )
            table.add_row(
                str(rows),
                f"{1000 * statistics.median(single):.2f}",
                f"{1000 * statistics.median(averaged):.2f}",
                f"{ratio:.2f}",
            )
    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    console.print(title, table, sep="\n")


def _serve(folder: Path, members: int) -> ServingSession:
    from keras_mtl import fit
    from keras_mtl.serving.session import ServingSession

    run = folder / str(members)
    status = fit.main(
        [
            *("--members", str(members), "--epochs", str(EPOCHS)),
            *("--out", str(run), "--quiet"),
        ]
    )
    if status:
        raise UserError(f"The fit of {members} members ended with status {status}.")
    return ServingSession(next((run / "serving").glob("*/1")))


def _turns(
    one: ServingSession, many: ServingSession, rows: int, rounds: int
) -> tuple[list[float], list[float]]:
    """Return the seconds of the predictions of both models, in turns."""
    from keras_mtl.datasets import load_heart_disease

    frame = load_heart_disease().head(rows)
    inputs = {
        name: _values(frame[name], info.dtype)
        for name, info in one.signatures["serving_default"].inputs.items()
    }

    def seconds(answer: Callable[..., Any]) -> float:
        start = time.perf_counter()
        answer("serving_default", inputs)
        return time.perf_counter() - start

    times: tuple[list[float], list[float]] = ([], [])
    # The first predictions prepare the session, and are not counted.
    for turn in range(-20, rounds):
        for session, own in zip((one, many), times, strict=True):
            taken = seconds(session.run)
            if turn >= 0:
                own.append(taken)
    return times


def _values(column: Any, dtype: str) -> Any:
    if dtype == "string":
        return column.astype("string").fillna("").astype(object).to_numpy()
    return column.astype("float64").to_numpy().astype(dtype)


if __name__ == "__main__":
    sys.exit(main())
