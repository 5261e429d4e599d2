"""Compare multi-task and single-task models: python -m keras_mtl.evaluate."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from keras_mtl.configuration.command_line import Flag, run_command
from keras_mtl.configuration.fit_flags import FLAGS as FIT_FLAGS

__all__ = ["FLAGS", "main"]

SUMMARY = """Measure by repeated cross-validation whether sharing helps: compare
a multi-task network with one network per task and with models of scikit-learn.

Without flags it evaluates on the embedded heart data. Use --data and --task for
your own data:

\b
    python -m keras_mtl.evaluate --data my.csv --task churn:binary --task plan:binary
"""
# A fit's own: an evaluation has no single run, and no rows held out once for all.
NOT_HERE = frozenset(
    {
        "--importance-repeats",
        "--members",
        "--out",
        "--overwrite",
        "--resume",
        "--test-data",
        "--test-fraction",
        "--from",
        "--frozen-epochs",
        "--trunk-rate",
        "--transfer-head",
    }
)
FLAGS = (
    Flag(
        "--folds",
        "comparison.folds",
        "Divide the rows into this many folds. The default is 5.",
        metavar="N",
    ),
    Flag(
        "--repeats",
        "comparison.repeats",
        "Repeat the division into folds this many times. The default is 4.",
        metavar="N",
    ),
    Flag(
        "--members",
        "comparison.members",
        "Average this many networks in each fold. The default is 4.",
        metavar="N",
    ),
    Flag(
        "--compare",
        "comparison.compare",
        "Also compare this configuration: a preset, a weighting, an architecture, a "
        "TOML file, or `groups` (one network per group of tasks, with groups chosen "
        "by affinity). Can be given several times.",
        form="repeat",
        metavar="NAME[:SETTING=VALUE,...]",
    ),
    Flag(
        "--equivalence",
        "comparison.equivalence",
        "Treat a difference of the tasks' metrics up to this size as no difference. "
        "By default 0.01 for an AUC or R2.",
        metavar="X",
    ),
    Flag(
        "--by",
        "comparison.by",
        "Also report the metrics of each group of this column. Numbers need bands, as "
        "in age:40,60.",
        form="repeat",
        metavar="COLUMN[:40,60]",
    ),
    Flag(
        "--label-shares",
        "comparison.label_shares",
        "Also measure each task with these shares of its training labels, with all "
        "labels of the other tasks and without the other tasks.",
        form="list",
        metavar="X,X,...",
    ),
    Flag(
        "--workers",
        "workers",
        "Train in this many processes. The default is 1.",
        metavar="N",
    ),
    Flag(
        "--out",
        "out",
        "Keep the fits and the result in this folder, and reuse the fits that it has. "
        "By default evaluations/NAME.",
        metavar="DIR",
    ),
    *(flag for flag in FIT_FLAGS if flag.name not in NOT_HERE),
)


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
    return run_command(
        "python -m keras_mtl.evaluate", SUMMARY, FLAGS, _evaluate, argv=argv
    )


def _evaluate(values: dict[str, Any], errors: list[str]) -> None:
    from pydantic import ValidationError

    from keras_mtl._core.messages import validation_messages
    from keras_mtl._core.plugins import import_modules
    from keras_mtl.comparison.settings import ComparisonSettings
    from keras_mtl.configuration.merge_settings import merge_settings
    from keras_mtl.errors import UserError, gather

    modules = values.pop("import", ())
    with gather(errors):
        import_modules(modules)
    quiet = bool(values.pop("quiet", False))
    out = values.pop("out", None)
    workers = _whole(values.pop("workers", "1"), errors)
    own = {
        key.removeprefix("comparison."): values.pop(key)
        for key in [key for key in values if key.startswith("comparison.")]
    }
    settings = None
    try:
        settings = ComparisonSettings(**own)
    except ValidationError as error:
        errors += [
            # A setting's name has an underscore where its flag has a hyphen.
            message.replace("--label_shares", "--label-shares")
            for message in validation_messages(error, ComparisonSettings, "--")
        ]
    with gather(errors):
        config = merge_settings(values, errors)
        if config.transfer.run is not None:
            errors.append(
                "transfer.run: an evaluation trains from the beginning, as a trunk may "
                "have seen the rows of its folds. Leave [transfer] out; fit takes it."
            )
    if errors or settings is None:
        # `merge_settings` repeats those that it was given.
        raise UserError(*dict.fromkeys(errors))
    from keras_mtl.comparison.evaluate_run import evaluate_run

    folder = Path(out) if out else Path("evaluations", config.model.name)
    evaluate_run(config, settings, folder, workers, quiet, list(modules))


def _whole(text: str, errors: list[str]) -> int:
    if not str(text).isdecimal() or not int(text):
        errors.append(f"--workers: expected a whole number above 0; received {text!r}.")
        return 1
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
