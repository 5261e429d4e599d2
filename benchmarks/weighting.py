"""Comparison of all weightings of the tasks.

    python -m benchmarks.weighting [--quick] [--seeds 10] [--methods a,b]
        [--problems heart,opposed,unlike] [--out DIR]

The problems are the heart data and two generated problems: one whose tasks conflict by
construction and whose best solution is known, and one whose tasks differ in scale and
number of labels. Every method sees the same rows, initial weights and batches. If a
problem has several learning rates, each method chooses its own on validation rows.
`constant` is left out, because it is `sum` with loss weights.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from benchmarks.compared_problem import ComparedProblem, Scores, score_weighting
from benchmarks.comparison_tables import comparison_table, markdown_table
from benchmarks.heart_tasks import heart_tasks
from benchmarks.opposed_tasks import opposed_tasks
from benchmarks.unlike_tasks import unlike_tasks
from keras_mtl import weighting

__all__ = ["compare", "main"]

PROBLEMS = {"heart": heart_tasks, "opposed": opposed_tasks, "unlike": unlike_tasks}
QUICK_METHODS = ("sum", "uncertainty", "dwa", "mgda", "pcgrad", "upgrad")


def main(argv: list[str] | None = None) -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="3 seeds, few methods")
    parser.add_argument("--seeds", type=int, help="by default 10")
    parser.add_argument("--methods", help="their names, parted by commas")
    parser.add_argument("--problems", help="their names, parted by commas")
    parser.add_argument("--out", type=Path, help="a folder for JSON and markdown")
    arguments = parser.parse_args(argv)
    everything = [name for name in weighting.names() if name != "constant"]
    methods = list(QUICK_METHODS) if arguments.quick else everything
    if arguments.methods:
        methods = arguments.methods.split(",")
        if unknown := sorted(set(methods) - set(everything)):
            parser.error(f"expected names among {everything}; received {unknown}")
    problems = arguments.problems.split(",") if arguments.problems else list(PROBLEMS)
    if unknown := sorted(set(problems) - set(PROBLEMS)):
        parser.error(f"expected problems among {list(PROBLEMS)}; received {unknown}")
    # The reference of the other methods.
    methods = ["sum", *[name for name in methods if name != "sum"]]
    seeds = arguments.seeds or (3 if arguments.quick else 10)
    if seeds < 2:
        parser.error(f"expected at least 2 seeds, for a spread; received {seeds}")
    console = Console(width=110)
    parts, figures = [], {}
    for name in problems:
        problem = PROBLEMS[name](seeds)
        scores = compare(problem, methods)
        console.print(comparison_table(problem.name, scores))
        parts.append(
            f"### {problem.name}\n\n{problem.about}\n\n{markdown_table(scores)}"
        )
        figures[problem.name] = {name: asdict(each) for name, each in scores.items()}
        if arguments.out:
            arguments.out.mkdir(parents=True, exist_ok=True)
            (arguments.out / "weighting.md").write_text("\n".join(parts), "utf-8")
            (arguments.out / "weighting.json").write_text(
                json.dumps(figures, indent=1) + "\n", "utf-8"
            )


def compare(problem: ComparedProblem, methods: list[str]) -> dict[str, Scores]:
    """Score every method on a problem, and report progress on stderr.

    Args:
        problem: The problem.
        methods: The names of the weightings.
    """
    scores = {}
    for place, name in enumerate(methods, start=1):
        print(
            f"{problem.name}: {name} ({place} of {len(methods)})",
            file=sys.stderr,
            flush=True,
        )
        scores[name] = score_weighting(problem, name)
    return scores


if __name__ == "__main__":
    main()
