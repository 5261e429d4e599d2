"""Predict rows with a trained model: python -m keras_mtl.predict RUN rows.csv."""

from __future__ import annotations

import sys
from typing import Any

from keras_mtl.configuration.command_line import IMPORT_FLAG, Flag, run_command

__all__ = ["FLAGS", "main"]

SUMMARY = """Predict the rows of a file with the model of a run.

RUN is a run folder or a .keras model file. ROWS is a file of CSV, JSON lines or
Parquet, a folder of such files, a URL, or - for the standard input. The
predictions are CSV with one line per row. They are written to the standard
output, or to the file of --out. Missing and unknown values are handled as in
training. Labels in the file are copied to the output.
"""

FLAGS = (
    Flag(
        "--out",
        "out",
        "Write the predictions to this CSV file. By default to the standard output.",
        metavar="FILE",
    ),
    Flag(
        "--overwrite",
        "overwrite",
        "Replace the file if it exists. By default this is an error.",
        form="switch",
    ),
    Flag(
        "--missing",
        "missing",
        "Read this text as a missing value, in addition to the usual texts. Can be "
        "given several times.",
        form="repeat",
    ),
    Flag(
        "--decimal-mark",
        "decimal_mark",
        "Read numbers with this decimal mark: a comma or a point. By default inferred "
        "from the numbers.",
        metavar="MARK",
    ),
    IMPORT_FLAG,
)


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
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
