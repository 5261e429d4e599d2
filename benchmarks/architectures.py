"""Comparison of all architectures on generated tasks and real tables.

    python -m benchmarks.architectures [--problems made,heart,diabetes]
        [--architectures ple,mmoe:experts=4] [--seeds 5] [--out docs/images]

The problems are four generated regressions whose true functions have a correlation of
0, .25, .5, .75 and 1; the heart data; and three tables of scikit-learn with two or
three targets. All architectures train with the same training settings and their own
defaults, and each member keeps the epoch with the best validation loss. A skill is 0
for a constant prediction and 1 for a perfect prediction. It uses the squared distance
from the true function on generated tasks, and otherwise squared error or log loss,
averaged over the tasks. All draws and splits of a problem are members of one program.
`architectures.csv` has the skill of each task and seed, `architectures.png` the curves
of the generated tasks.
"""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from benchmarks.check_flags import whole_number
from keras_mtl.configuration.command_line import Flag, run_command
from keras_mtl.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from benchmarks.sharing_problems import SharingProblem
    from benchmarks.sharing_scores import ArchitectureScores

__all__ = ["FLAGS", "main"]

SUMMARY = "Compares the ways to share on made tasks and on real tables."
FLAGS = (
    Flag("--problems", "problems", "Their names.", metavar="A,B"),
    Flag(
        "--architectures",
        "architectures",
        "One or more, with settings if any; semicolons between them if one has some.",
        metavar="A,B",
    ),
    Flag("--seeds", "seeds", "Draws of each relatedness, and splits.", metavar="N"),
    Flag("--out", "out", "The folder for the CSV and the plot.", metavar="DIR"),
)
NAMES = ("made", "heart", "diabetes", "breast-cancer", "wine")
# The references of the other architectures: no sharing, and one trunk for all tasks.
BASELINES = ("single-task", "hard-sharing")
LEAST_SEEDS = 2
# The fewest seeds for a band of the standard deviation.
SEEDS = 5

Scores = Mapping[str, "ArchitectureScores"]


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark and return its exit status."""
    return run_command(
        "python -m benchmarks.architectures", SUMMARY, FLAGS, _compare, argv=argv
    )


def _compare(values: dict[str, Any], errors: list[str]) -> None:
    from keras_mtl._core.named_settings import parse_named_settings
    from keras_mtl.architectures.registry import ARCHITECTURES, check_architecture
    from keras_mtl.architectures.solved import solved_settings

    problems = str(values.get("problems", ",".join(NAMES))).split(",")
    errors += [
        f"--problems: expected some of {', '.join(NAMES)}; received {name!r}."
        f"{did_you_mean(name, NAMES)}"
        for name in problems
        if name not in NAMES
    ]
    networks = [
        name
        for name in ARCHITECTURES
        if solved_settings(parse_named_settings(name)) is None
    ]
    text = str(values.get("architectures", ",".join(networks)))
    given = text.split(";" if ";" in text or ":" in text else ",")
    for architecture in given:
        try:
            chosen = check_architecture(parse_named_settings(architecture))
            if solved_settings(chosen) is not None:
                errors.append(
                    f"--architectures {architecture}: expected a network that is "
                    f"trained, one of {', '.join(networks)}; received one that is "
                    "solved."
                )
        except ValueError as error:
            errors.append(f"--architectures {architecture}: {error}")
    seeds = whole_number("--seeds", values.get("seeds", SEEDS), errors, LEAST_SEEDS)
    if errors:
        raise UserError(*errors)
    # Baselines first: the others are compared with them.
    architectures = list(dict.fromkeys([*BASELINES, *given]))
    folder = Path(str(values.get("out", "docs/images")))
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    _run(problems, architectures, seeds, folder)


def _run(
    problems: list[str], architectures: list[str], seeds: int, folder: Path
) -> None:
    from benchmarks.sharing_curves import draw_relatedness
    from benchmarks.sharing_problems import PROBLEMS
    from benchmarks.sharing_scores import score_architecture

    console = Console(width=None if sys.stdout.isatty() else 140, highlight=False)
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[list[Any]] = []
    for name in problems:
        problem = PROBLEMS[name](seeds)
        scores: dict[str, ArchitectureScores] = {}
        for number, architecture in enumerate(architectures, start=1):
            print(
                f"{problem.name}: {architecture} ({number} of {len(architectures)})",
                file=sys.stderr,
                flush=True,
            )
            scores[architecture] = score_architecture(problem, architecture)
        rows += _rows(problem, scores)
        # After each problem, so that an interrupted run keeps its results.
        _write(folder / "architectures.csv", rows)
        for table in comparison_tables(problem, scores):
            console.print(table)
        if name == "made":
            draw_relatedness(folder / "architectures.png", problem, scores)


def comparison_tables(problem: SharingProblem, scores: Scores) -> list[Table]:
    """Make the tables of a problem: skills, and the difference from single tasks.

    Args:
        problem: The problem.
        scores: The scores by architecture, including the baselines.
    """
    from benchmarks.sharing_scores import gain

    groups = list(dict.fromkeys(problem.groups))
    one = len(groups) == 1
    what = "skill" if one else "skill by the correlation of the tasks' functions"
    title = f"{problem.name}: {problem.about}; {what}"
    skill = Table(title=title, title_justify="left")
    beside = Table(
        title=f"{problem.name}: skill less that of single-task, 95% interval"
        + (" [and less that of hard-sharing]" if one else ""),
        title_justify="left",
    )
    for table in (skill, beside):
        table.add_column("architecture")
        for group in groups:
            table.add_column("mean" if one else group, justify="right")
    if one:
        for task in problem.tasks:
            skill.add_column(task.name, justify="right")
        beside.add_column("less hard-sharing", justify="right")
    for heading in ("epochs", "parameters", "seconds"):
        skill.add_column(heading, justify="right")
    for architecture, each in scores.items():
        cells = [_mean(problem, each, group) for group in groups]
        if one:
            cells += [f"{value:.3f}" for value in each.skills.mean(axis=0)]
        skill.add_row(
            architecture,
            *cells,
            f"{each.epochs.mean():.0f}",
            f"{each.parameters:,}",
            f"{each.seconds:.0f}",
        )
        base = [scores[BASELINES[0]]] * len(groups) + [scores[BASELINES[1]]] * one
        differences = [
            gain(problem, each, reference, group)
            for reference, group in zip(base, groups * (1 + one), strict=True)
        ]
        beside.add_row(
            architecture,
            *[f"{d.mean:+.3f} ({d.low:+.3f}, {d.high:+.3f})" for d in differences],
        )
    return [skill, beside]


def _mean(problem: SharingProblem, scores: ArchitectureScores, group: str) -> str:
    means = [
        value
        for value, each in zip(scores.means, problem.groups, strict=True)
        if each == group
    ]
    center = sum(means) / len(means)
    spread = sum((value - center) ** 2 for value in means) / (len(means) - 1)
    return f"{center:.3f} ± {spread**0.5:.3f}"


def _rows(problem: SharingProblem, scores: Scores) -> list[list[Any]]:
    return [
        [problem.name, group, architecture, seed, task.name, f"{skill:.5f}", epoch]
        for architecture, each in scores.items()
        for group, seed, skills, epoch in zip(
            problem.groups, problem.seeds, each.skills, each.epochs, strict=True
        )
        for task, skill in zip(problem.tasks, skills, strict=True)
    ]


def _write(path: Path, rows: list[list[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(
            ["problem", "group", "architecture", "seed", "task", "skill", "epoch"]
        )
        writer.writerows(rows)


if __name__ == "__main__":
    sys.exit(main())
