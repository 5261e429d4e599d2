"""Show what an activation does: python -m keras_mtl.activations."""

from __future__ import annotations

import sys
from typing import Any

from keras_mtl.configuration.command_line import Flag, run_command

__all__ = ["FLAGS", "main"]

SUMMARY = """Compare activations on a curve: train one deep regressor with
LeakyReLU, with other activations and without one, and compare them with a
linear regression.

Without an activation the network is a linear function, however deep it is. The
command prints a table. The folder of --out has plots of the fitted curves, the
learning curves and the scores, and the numbers in activations.json and
activations.csv. With --heart the activations are compared in the two-headed
network on the heart data.
"""

FLAGS = (
    Flag(
        "--activations",
        "activations",
        "Compare these activations; none is a network without an activation. By "
        "default ten activations and none.",
        form="list",
        metavar="A,B",
    ),
    Flag(
        "--negative-slope",
        "negative_slope",
        "Use this slope of LeakyReLU below zero. The default is 0.01.",
        metavar="X",
    ),
    Flag(
        "--data",
        "data",
        "Fit the curve in this CSV file, with the columns x and y. By default the "
        "embedded curve.",
        metavar="CSV",
    ),
    Flag(
        "--seed",
        "seed",
        "Use this seed for the first network, the next seed for the second one, and "
        "so on. The default is 0.",
        metavar="N",
    ),
    Flag(
        "--seeds",
        "seeds",
        "Train this many networks per activation. The default is 5.",
        metavar="N",
    ),
    Flag(
        "--epochs",
        "epochs",
        "Train for this many epochs. The default is 60.",
        metavar="N",
    ),
    Flag(
        "--batch-size",
        "batch_size",
        "Use this many rows per update. The default is 64.",
        metavar="N",
    ),
    Flag(
        "--learning-rate",
        "learning_rate",
        "Start with this learning rate. The default is 0.01.",
        metavar="X",
    ),
    Flag(
        "--heart",
        "heart",
        "Compare in the two-headed network on the heart data, and not on a curve.",
        form="switch",
    ),
    Flag(
        "--out",
        "out",
        "Write the study to this folder.",
        metavar="DIR",
    ),
    Flag(
        "--overwrite",
        "overwrite",
        "Replace the folder of the study if it exists.",
        form="switch",
    ),
    Flag(
        "--quiet",
        "quiet",
        "Print only warnings and errors.",
        form="switch",
    ),
)

# What the heart data's table does not take.
CURVE_ONLY = ("batch_size", "data", "epochs", "learning_rate", "negative_slope")


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
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
