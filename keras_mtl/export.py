"""Publish a run's model for serving: python -m keras_mtl.export RUN --to BASE."""

from __future__ import annotations

import sys
from typing import Any

from keras_mtl.configuration.command_line import IMPORT_FLAG, Flag, run_command

__all__ = ["FLAGS", "main"]

SUMMARY = """Publish the model of a run as the next version, BASE/MODEL/N.

RUN is a run folder. If a TensorFlow Serving server watches BASE/MODEL, it
starts to serve the new version. The version is written to a temporary folder,
checked and then renamed, so that a server never sees an incomplete one. With
--format the model is converted for another runtime, as BASE/MODEL_FORMAT/N.
"""

FLAGS = (
    Flag(
        "--to",
        "to",
        "Publish the version in this folder, which has one folder per model.",
        metavar="BASE",
    ),
    Flag(
        "--format",
        "format",
        "Write this format: saved_model, onnx or litert. The default is saved_model.",
        metavar="NAME",
    ),
    Flag(
        "--name",
        "name",
        "Serve the model under this name. By default the name of the run's model.",
        metavar="MODEL",
    ),
    IMPORT_FLAG,
)


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
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
