"""Publication of the model of a run."""

from __future__ import annotations

import re
from pathlib import Path

from keras_mtl.errors import UserError, did_you_mean
from keras_mtl.runs.run_details import run_details
from keras_mtl.serving.model_file import check_model_file, load_model, read_declarations
from keras_mtl.serving.runtimes import RUNTIMES

__all__ = ["FORMATS", "check_export", "publish_run"]

FORMATS = ("saved_model", *RUNTIMES)

# One component of a path, so that no name leads out of the base folder.
_NAME = r"[A-Za-z][A-Za-z0-9_.-]*"


def check_export(run: str, base: str, form: str, name: str | None) -> list[str]:
    """Find errors in the arguments of an export, without loading TensorFlow.

    Args:
        run: The run folder.
        base: The folder that has one folder per served model.
        form: One of `FORMATS`.
        name: The name of the served model; None uses the run's name.

    Returns:
        The error messages.
    """
    errors: list[str] = []
    folder = Path(run)
    if not folder.is_dir():
        errors.append(
            f"{run}: expected a run folder; not found. Make one with python -m "
            "keras_mtl.fit."
        )
    else:
        for check in (
            lambda: _check_model(folder / "model.keras"),
            lambda: run_details(folder),
            lambda: _model_name(folder, name),
        ):
            try:
                check()
            except UserError as error:
                errors += error.messages
    if Path(base).exists() and not Path(base).is_dir():
        errors.append(f"--to: expected a folder; {base} is a file.")
    if form not in FORMATS:
        errors.append(
            f"--format: expected one of {', '.join(FORMATS)}; received {form!r}."
            f"{did_you_mean(form, FORMATS)}"
        )
    elif form in RUNTIMES:
        try:
            RUNTIMES[form].require()
        except UserError as error:
            errors += error.messages
    return errors


def publish_run(
    run: str, base: str, form: str = "saved_model", name: str | None = None
) -> Path:
    """Publish the next version of a run's model.

    Args:
        run: The run folder.
        base: The folder that has one folder per served model.
        form: One of `FORMATS`.
        name: The name of the served model; None uses the run's name.

    Returns:
        The folder of the version.

    Raises:
        UserError: If the run or the settings cannot be used. Nothing is written then.
    """
    errors = check_export(run, base, form, name)
    if errors:
        raise UserError(*errors)
    folder = Path(run)
    served_name = _model_name(folder, name)
    details = run_details(folder)
    model = load_model(folder / "model.keras")
    if form in RUNTIMES:
        from keras_mtl.serving.runtimes import publish_for_runtime

        return publish_for_runtime(
            model, base, served_name, RUNTIMES[form], details=details
        )
    from keras_mtl.serving.saved_model import publish_saved_model

    return publish_saved_model(model, base, served_name, details=details)


def _check_model(path: Path) -> None:
    """Check that a file is a model whose plugins are available."""
    check_model_file(path)
    read_declarations(path)


def _model_name(run: Path, name: str | None) -> str:
    """Return the name of a served model.

    Raises:
        UserError: If the name is not a plain name.
    """
    from keras_mtl.configuration.toml_file import read_toml

    found: object = name
    where = "--name"
    if found is None and (run / "config.toml").is_file():
        where = f"{run / 'config.toml'}: model.name"
        settings = read_toml(str(run / "config.toml")).get("model")
        found = settings.get("name") if isinstance(settings, dict) else None
    if found is None:
        where = f"{run}: the folder of the served model"
        served = sorted(child.name for child in run.glob("serving/*") if child.is_dir())
        found = served[0] if served else "multi_task"
    if not isinstance(found, str) or not re.fullmatch(_NAME, found):
        raise UserError(
            f"{where}: expected a letter, then letters, digits and . _ -; received "
            f"{found!r}."
        )
    return found
