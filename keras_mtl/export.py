"""Publishes a run's model for serving: python -m keras_mtl.export RUN --to BASE."""

from __future__ import annotations

import sys
from typing import Any

from keras_mtl.configuration.command_line import IMPORT_FLAG, Flag, run_command

__all__ = ["FLAGS", "main"]

SUMMARY = """Publishes the model of a run as the next version, BASE/MODEL/N.

A TensorFlow Serving that watches BASE/MODEL serves the version from then on.
It appears whole: written beside its place, checked, then renamed. With --format
the model is converted for another runtime, as BASE/MODEL_FORMAT/N.
"""

FLAGS = (
    Flag(
        "--to",
        "to",
        "Publish into this folder, which has a folder for each model.",
        metavar="BASE",
    ),
    Flag(
        "--format",
        "format",
        "Write this format: saved_model, onnx or litert.",
        metavar="NAME",
    ),
    Flag("--name", "name", "Serve the model under this name.", metavar="MODEL"),
    IMPORT_FLAG,
)


def main(argv: list[str] | None = None) -> int:
    """Runs the command and returns its exit status."""
    return run_command(
        "python -m keras_mtl.export",
        SUMMARY,
        FLAGS,
        _export,
        arguments=("RUN",),
        argv=argv,
    )


def _export(values: dict[str, Any], errors: list[str]) -> None:
    from keras_mtl._core.display import write_output
    from keras_mtl._core.plugins import import_modules
    from keras_mtl.errors import UserError, gather
    from keras_mtl.runs.export_run import check_export, publish_run

    run, base = values["RUN"] or "", values.get("to", "")
    form, name = values.get("format", "saved_model"), values.get("name")
    with gather(errors):
        import_modules(values.get("import", ()))
    if not base:
        errors.append(
            "--to: expected the folder to publish in; received none, such as "
            "--to serving."
        )
    if run:
        errors += check_export(run, base, form, name)
    if errors:
        raise UserError(*errors)
    # Loaded from here on: what the settings don't need.
    from keras_mtl.runs.terminal import Terminal

    terminal = Terminal(quiet=True)
    with terminal.warnings(), terminal.loading():
        version = publish_run(run, base, form, name)
    write_output(str(version))


if __name__ == "__main__":
    sys.exit(main())
