"""How fast the article's network trains, beside plain Keras and PyTorch.

    python -m benchmarks.training_speed [--members 1,8,32,128] [--plot FILE]

736 rows, batches of 32, Adam. Keras and this package evaluate 184 rows after
each epoch; the PyTorch loop trains alone. All are measured in turns in one
process. Then the time of an epoch over the number of members that train
together.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.side_by_side import side_by_side
from keras_mtl.configuration.command_line import Flag, run_command
from keras_mtl.errors import UserError

__all__ = ["FLAGS", "main"]

SUMMARY = """Measures an epoch of the article's network in `fit`, beside plain Keras and
a PyTorch loop, and of many members that train together.
"""
FLAGS = (
    Flag("--members", "members", "How many together.", form="list", metavar="1,8"),
    Flag("--rounds", "rounds", "The turns that each way gets.", metavar="N"),
    Flag("--plot", "plot", "A picture of the times over members.", metavar="PNG"),
)
MEMBERS = ("1", "8", "32", "128", "512")
BATCH_SIZE = 32
MEMBER_EPOCHS = 30


def main(argv: list[str] | None = None) -> int:
    """Runs the benchmark and returns its exit status."""
    return run_command(
        "python -m benchmarks.training_speed", SUMMARY, FLAGS, _measure, argv=argv
    )


def _measure(values: dict[str, Any], mistakes: list[str]) -> None:
    counts = _numbers("--members", values.get("members", MEMBERS), mistakes)
    rounds = _numbers("--rounds", [values.get("rounds", "7")], mistakes)
    plot = Path(values["plot"]) if "plot" in values else None
    if plot is not None and not plot.absolute().parent.is_dir():
        mistakes.append(f"--plot: expected a file in a folder that is there; {plot}.")
    if importlib.util.find_spec("torch") is None:
        mistakes.append(
            "torch: not installed; the benchmark compares with PyTorch. Install with: "
            "pip install -e '.[benchmarks]'"
        )
    if mistakes:
        raise UserError(*mistakes)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    times = _one_model(rounds[0])
    console.print(_one_model_table(times))
    spans = _many_members(counts)
    console.print(_member_table(spans, times["PyTorch loop"]))
    if plot is not None:
        _plot(plot, spans, times["PyTorch loop"])
        console.print(f"Written: {plot}")


def _numbers(flag: str, texts: list[str], mistakes: list[str]) -> list[int]:
    wrong = [text for text in texts if not text.isdecimal() or int(text) < 1]
    if wrong:
        mistakes.append(
            f"{flag}: expected whole numbers from 1; received {', '.join(wrong)}."
        )
    return [int(text) for text in texts if text not in wrong]


def _one_model(rounds: int) -> dict[str, float]:
    from benchmarks.keras_fits import keras_epochs, our_epochs
    from benchmarks.pytorch_loop import pytorch_epochs

    return side_by_side(
        {
            "PyTorch loop": pytorch_epochs(BATCH_SIZE),
            "plain Keras fit": keras_epochs(BATCH_SIZE),
            "keras_mtl fit": our_epochs(BATCH_SIZE),
        },
        rounds,
    )


def _one_model_table(times: dict[str, float]) -> Table:
    table = Table(title="An epoch of 736 rows in batches of 32", title_justify="left")
    table.add_column("way")
    for heading in ("ms", "of PyTorch's", "of Keras's"):
        table.add_column(heading, justify="right")
    for name, time in times.items():
        shares = [time / times[way] for way in ("PyTorch loop", "plain Keras fit")]
        table.add_row(name, f"{time:.2f}", *[f"1/{1 / share:.1f}" for share in shares])
    return table


def _many_members(counts: list[int]) -> dict[int, tuple[float, float]]:
    from benchmarks.keras_fits import member_epochs

    return {count: member_epochs(count, BATCH_SIZE, MEMBER_EPOCHS) for count in counts}


def _member_table(spans: dict[int, tuple[float, float]], pytorch: float) -> Table:
    table = Table(title="Members trained together", title_justify="left")
    for heading in (
        "members",
        "an epoch of all, ms",
        "of one, ms",
        "of PyTorch's",
        "first epoch, s",
    ):
        table.add_column(heading, justify="right")
    for count, (milliseconds, first) in spans.items():
        table.add_row(
            str(count),
            f"{milliseconds:.1f}",
            f"{milliseconds / count:.2f}",
            f"1/{pytorch * count / milliseconds:.1f}",
            f"{first:.1f}",
        )
    return table


def _plot(path: Path, spans: dict[int, tuple[float, float]], pytorch: float) -> None:
    from keras_mtl.report.figures import COLORS, write_figure

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        each = [milliseconds / count for count, (milliseconds, _) in spans.items()]
        axes.loglog(list(spans), each, "o-", color=COLORS[0], label="keras_mtl")
        axes.axhline(pytorch, color=COLORS[1], label="PyTorch loop")
        axes.set(
            xlabel="members trained together",
            ylabel="an epoch of one member, ms",
            title="736 rows, batches of 32",
        )
        axes.legend()

    write_figure(path, (5.0, 3.6), draw)


if __name__ == "__main__":
    sys.exit(main())
