"""Shows what an activation does: python -m keras_mtl.activations."""

from __future__ import annotations

import sys
from typing import Any

from keras_mtl.configuration.command_line import Flag, run_command

__all__ = ["FLAGS", "main"]

SUMMARY = """Trains one deep regressor with LeakyReLU, with other activations and
with none, beside a linear regression, and shows what each can follow of a curve.

Without an activation the network is a straight line, however deep it is. The
table is printed; the fitted curves, the learning curves and the scores are
drawn into the folder --out, beside activations.json and activations.csv.
With --heart the two-headed net on the heart data is asked the same question.
"""

FLAGS = (
    Flag(
        "--activations",
        "activations",
        "Compare these activations; none is a network without.",
        form="list",
        metavar="A,B",
    ),
    Flag(
        "--negative-slope",
        "negative_slope",
        "Give LeakyReLU this slope below zero.",
        metavar="X",
    ),
    Flag(
        "--data",
        "data",
        "Fit another curve, with the columns x and y of this file.",
        metavar="CSV",
    ),
    Flag("--seed", "seed", "Seed the first network with this number.", metavar="N"),
    Flag("--seeds", "seeds", "Train this many networks per activation.", metavar="N"),
    Flag("--epochs", "epochs", "Train this many epochs.", metavar="N"),
    Flag(
        "--batch-size",
        "batch_size",
        "Take this many rows for one update.",
        metavar="N",
    ),
    Flag(
        "--learning-rate",
        "learning_rate",
        "Start with this learning rate.",
        metavar="X",
    ),
    Flag("--heart", "heart", "Compare on the heart data.", form="switch"),
    Flag("--out", "out", "Write the study to this folder.", metavar="DIR"),
    Flag(
        "--overwrite",
        "overwrite",
        "Replace the folder of a study if it is there.",
        form="switch",
    ),
    Flag("--quiet", "quiet", "Show nothing but warnings and errors.", form="switch"),
)

# What the heart data's table does not take.
CURVE_ONLY = ("batch_size", "data", "epochs", "learning_rate", "negative_slope")


def main(argv: list[str] | None = None) -> int:
    """Runs the command and returns its exit status."""
    return run_command(
        "python -m keras_mtl.activations", SUMMARY, FLAGS, _study, argv=argv
    )


def _study(values: dict[str, Any], errors: list[str]) -> None:
    from keras_mtl.errors import UserError
    from studies.settings import study_settings

    out = values.pop("out", None)
    overwrite = bool(values.pop("overwrite", False))
    quiet = bool(values.pop("quiet", False))
    if values.get("heart"):
        errors += [
            f"{flag.name}: has no part in --heart, which trains as a fit does. "
            "Leave one of them out."
            for flag in FLAGS
            if flag.key in values and flag.key in CURVE_ONLY
        ]
    try:
        settings = study_settings(values)
    except UserError as error:
        raise UserError(*errors, *error.messages) from None
    if errors:
        raise UserError(*errors)
    # Loaded from here on: what the settings don't need.
    if settings.heart:
        from studies.heart_run import run_heart_study

        run_heart_study(settings, out, overwrite, quiet)
    else:
        from studies.study_run import run_study

        run_study(settings, out, overwrite, quiet)


if __name__ == "__main__":
    sys.exit(main())
