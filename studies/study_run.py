"""A study from its settings to its folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from keras_mtl.errors import UserError
from keras_mtl.runs.run_folder import choose_folder, new_run_folder
from keras_mtl.runs.terminal import Terminal
from studies.curve_rows import read_curve
from studies.settings import StudySettings

__all__ = ["STUDY_MARKS", "run_study", "write_json"]

# A file in every folder of a study, so that other folders are not replaced.
STUDY_MARKS = ("activations.json", "activations.csv")


def run_study(
    settings: StudySettings,
    out: str | None = None,
    overwrite: bool = False,
    quiet: bool = False,
) -> Path:
    """Run the study that the settings describe: train, print and plot.

    Args:
        settings: The study's settings.
        out: The folder to write; by default a new folder in `runs/`.
        overwrite: Whether an existing folder of a study is replaced.
        quiet: Whether only warnings are shown.

    Returns:
        The folder.

    Raises:
        UserError: If the data or the folder cannot be used. Nothing is written then.
    """
    terminal = Terminal(quiet)
    errors: list[str] = []
    folder = Path()
    try:
        folder = choose_folder(out, overwrite, "activations", STUDY_MARKS)
    except UserError as error:
        errors += error.messages
    try:
        with terminal.warnings():
            rows = read_curve(settings.data, settings.seed)
    except UserError as error:
        errors += error.messages
    if errors:
        raise UserError(*errors)
    with terminal.loading():
        import tensorflow as tf

        from studies.activation_study import study_activations
        from studies.study_plots import write_study_plots
        from studies.study_tables import (
            scores,
            scores_frame,
            scores_table,
            study_facts,
        )

        # TensorFlow prints messages when it first looks for devices.
        tf.config.list_logical_devices()
    terminal.console.print(
        f"{rows.source}: {len(rows.train_rows)} training rows, "
        f"{len(rows.test_rows)} to test on"
    )
    epochs = settings.epochs * len(settings.activations)
    with terminal.progress(epochs) as on_epoch:
        study = study_activations(rows, settings, on_epoch)
    facts = study_facts(study)
    with new_run_folder(folder, overwrite) as written:
        write_json(written / "activations.json", scores(study))
        write_json(written / "study.json", facts)
        scores_frame(study).to_csv(written / "activations.csv", index=False)
        write_study_plots(written, study)
    terminal.console.print(scores_table(study))
    for sentence in _sentences(facts):
        terminal.console.print(sentence, soft_wrap=True)
    terminal.console.print(f"Written: {folder}", soft_wrap=True)
    return folder


def write_json(path: Path, values: dict[str, Any]) -> None:
    """Write plain values as JSON, without NaN."""
    path.write_text(json.dumps(values, indent=2, allow_nan=False) + "\n", "utf-8")


def _sentences(facts: dict[str, Any]) -> list[str]:
    ceiling = facts["ceiling"]
    known = (
        "the noise is known"
        if ceiling["known"]
        else "estimated from neighboring points"
    )
    told = [
        f"Ceiling: no model can explain more than R2 {ceiling['r2']:.4f} of these "
        f"test rows ({known})."
    ]
    lines = facts["straight_line"]
    slopes = [f"{line['slope']:.4f}" for line in lines["collapsed_networks"]]
    if slopes:
        told.append(
            f"Without activation the weights multiply out to one straight line: slope "
            f"{', '.join(slopes)}; the linear regression's is "
            f"{lines['linear_regression']['slope']:.4f} "
            f"(standard error {lines['slope_standard_error']:.4f})."
        )
    return told
