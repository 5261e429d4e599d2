"""Train, evaluate and export a multi-task model: python -m keras_mtl.fit."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from keras_mtl.configuration.command_line import run_command
from keras_mtl.configuration.fit_flags import FLAGS

if TYPE_CHECKING:
    from keras_mtl.configuration.workers import Workers

__all__ = ["FLAGS", "main"]

SUMMARY = """Train one network on several tasks, evaluate it on held-out rows,
and export it for TensorFlow Serving.

Without flags it predicts thalassemia and heart disease of the patients in the
embedded data. Use --data and --task for your own data:

\b
    python -m keras_mtl.fit --data my.csv --task churn:binary --task plan:multiclass
"""


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
    return run_command("python -m keras_mtl.fit", SUMMARY, FLAGS, _fit, argv=argv)


def _fit(values: dict[str, Any], errors: list[str]) -> None:
    from keras_mtl._core.plugins import import_modules
    from keras_mtl.configuration.merge_settings import merge_settings
    from keras_mtl.configuration.workers import read_workers
    from keras_mtl.errors import gather

    quiet = bool(values.pop("quiet", False))
    resume = bool(values.pop("resume", False))
    workers = None
    with gather(errors):
        import_modules(values.pop("import", ()))
    with gather(errors):
        workers = read_workers(os.environ)
    if workers is not None and not workers.is_chief:
        _work(values, errors, resume, workers)
    elif resume:
        _resume(values, errors, quiet, workers)
    else:
        config = merge_settings(values, errors)
        # Loaded from here on: what the settings don't need.
        from keras_mtl.runs.fit_run import fit_run

        fit_run(config, quiet=quiet, workers=workers)


def _resume(
    values: dict[str, Any], errors: list[str], quiet: bool, workers: Workers | None
) -> None:
    """Goes on with an interrupted run, with its own settings."""
    from keras_mtl.configuration.merge_settings import merge_settings
    from keras_mtl.configuration.validate import build_config
    from keras_mtl.errors import UserError, gather
    from keras_mtl.runs.resume import (
        find_interrupted,
        require_settings_of,
        settings_of,
    )

    output = _pop_output(values)
    checkpoint = config = None
    own: dict[str, Any] = {}
    with gather(errors):
        folder, checkpoint = find_interrupted(output.get("folder"))
        output["folder"] = str(folder)
        own = checkpoint.settings if checkpoint else settings_of(folder)
    if values or errors:
        flags = {f"output.{key}": value for key, value in output.items()}
        # What is not given is the run's own, and not some other preset's.
        config = merge_settings({**values, **flags}, errors, own)
    if errors:
        raise UserError(*errors)
    if checkpoint is None:
        if config is not None:
            require_settings_of(folder, config)
        if not quiet:
            print(f"{folder}: this run is complete; nothing is left to do.")
        return
    from keras_mtl.runs.fit_run import fit_run

    if config is None:
        config = build_config(own, {"output": output})
    fit_run(config, quiet=quiet, resume=checkpoint, workers=workers)


def _work(
    values: dict[str, Any], errors: list[str], resume: bool, workers: Workers
) -> None:
    """Train with a chief, which alone reads and write the run's files."""
    folder = _pop_output(values).get("folder")
    if resume and folder is not None:
        from keras_mtl.runs.resume import is_finished

        # The chief, on the same disk, has nothing left to do either.
        if is_finished(folder):
            return
    from keras_mtl.configuration.merge_settings import merge_settings

    config = None
    if values or errors or not resume:
        config = merge_settings(values, errors)
    from keras_mtl.runs.worker_run import worker_run

    worker_run(config, workers)


def _pop_output(values: dict[str, Any]) -> dict[str, Any]:
    """Take the settings of `[output]` out of those of the flags."""
    return {
        key: values.pop(f"output.{key}")
        for key in ("folder", "overwrite")
        if f"output.{key}" in values
    }


if __name__ == "__main__":
    sys.exit(main())
