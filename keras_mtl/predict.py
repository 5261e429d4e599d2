"""Answers rows with a trained model: python -m keras_mtl.predict RUN rows.csv."""

from __future__ import annotations

import sys
from typing import Any

from keras_mtl.configuration.command_line import IMPORT_FLAG, Flag, run_command

__all__ = ["FLAGS", "main"]

SUMMARY = """Answers the rows of a file with the model of a run.

RUN is a run folder, or a model.keras file alone. ROWS is a file of CSV, JSON lines or
Parquet, a folder of them, a URL, or - for the standard input. The answers, one row
for each row of the file, go to the standard output as CSV, or to --out. Missing and
never-seen values are answered like those of training; labels in the file are shown
beside the answers.
"""

FLAGS = (
    Flag("--out", "out", "Write the predictions to this file.", metavar="FILE"),
    Flag("--overwrite", "overwrite", "Replace the file if it is there.", form="switch"),
    Flag(
        "--missing",
        "missing",
        "Read this text as a missing cell, beside the usual ones.",
        form="repeat",
    ),
    Flag(
        "--decimal-mark",
        "decimal_mark",
        "Read numbers with this decimal mark, a comma or a point.",
        metavar="MARK",
    ),
    IMPORT_FLAG,
)


def main(argv: list[str] | None = None) -> int:
    """Runs the command and returns its exit status."""
    return run_command(
        "python -m keras_mtl.predict",
        SUMMARY,
        FLAGS,
        _predict,
        arguments=("RUN", "ROWS"),
        argv=argv,
    )


def _predict(values: dict[str, Any], errors: list[str]) -> None:
    from keras_mtl._core.plugins import import_modules
    from keras_mtl.errors import UserError, gather
    from keras_mtl.runs.predict_run import find_model, predict_run

    with gather(errors):
        import_modules(values.get("import", ()))
    if values["RUN"] is not None:
        errors += find_model(values["RUN"])[1]
    out = values.get("out")
    decimal_mark = values.get("decimal_mark")
    if decimal_mark not in (None, ",", "."):
        errors.append(
            f"--decimal-mark: expected ',' or '.'; received {decimal_mark!r}."
        )
    if errors:
        raise UserError(*errors)
    predict_run(
        values["RUN"],
        values["ROWS"],
        out=out,
        overwrite=bool(values.get("overwrite")),
        missing=values.get("missing", ()),
        decimal_mark=decimal_mark,
    )


if __name__ == "__main__":
    sys.exit(main())
