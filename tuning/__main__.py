"""Searches settings for a fit: python -m tuning."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from keras_mtl import fit
from keras_mtl.configuration.command_line import Flag, run_command

if TYPE_CHECKING:
    from keras_mtl.configuration.fit_config import FitConfig
    from tuning.search_settings import SearchSettings

__all__ = ["FLAGS", "main"]

SUMMARY = """Searches the widths of the trunk and the heads, the learning rate and the
tasks' loss weights, by random trials on a validation split of the training rows.

The test rows of a fit with the same seed are not touched. The best settings are
written to DIR/config.toml, for

\b
    python -m keras_mtl.fit --config DIR/config.toml

and all trials to DIR/trials.csv. A [search] table of the --config file says where
the search looks, [search.weighting] and [search.architecture] among its settings.
"""

# What a search chooses itself.
SEARCHED = ("training.learning_rate",)

# What a search can't do yet.
ABSENT = (
    "resume",
    "transfer.run",
    "transfer.frozen_epochs",
    "transfer.trunk_rate",
    "transfer.head",
)

# Flags of a fit that mean something more here.
HELP = {
    "output.folder": "Write config.toml and trials.csv to this folder.",
    "output.overwrite": "Replace the folder of a search if it is there.",
    "seed": "Seed the split, the trials and their training.",
    "model.trunk": "Give the trunk this many layers; their widths are searched.",
    "head_widths": "Give this task's head this many layers; their widths are searched.",
    "heads.widths": "Give all other heads this many layers; their widths are searched.",
    "training.members": "Have the fit average this many networks; a trial trains one.",
    "training.patience": "End a trial after this many epochs without a gain; 10 if 0.",
    "training.validation_fraction": "Validate on this share of training rows; 0.2 if "
    "0.",
    "loss_weights": "Weigh this task so in val_loss; searched weights vary around it.",
}

FLAGS = (
    Flag("--trials", "search.trials", "Try this many settings.", metavar="N"),
    Flag(
        "--objective",
        "search.objective",
        "Choose the best by this metric of the validation rows: val_loss, "
        "val_TASK_auc, ...",
        metavar="NAME",
    ),
    *(
        replace(flag, help=HELP.get(flag.key, flag.help))
        for flag in fit.FLAGS
        if flag.key not in (*SEARCHED, *ABSENT)
    ),
)


def main(argv: list[str] | None = None) -> int:
    """Runs the command and returns its exit status."""
    return run_command("python -m tuning", SUMMARY, FLAGS, _search, argv=argv)


def _search(values: dict[str, Any], errors: list[str]) -> None:
    from keras_mtl._core.plugins import import_modules
    from keras_mtl.errors import gather

    quiet = bool(values.pop("quiet", False))
    with gather(errors):
        import_modules(values.pop("import", ()))
    config, settings = _settings(values, errors)
    # Loaded from here on: what the settings don't need.
    from tuning.search_run import run_search

    run_search(config, settings, quiet=quiet)


def _settings(
    values: dict[str, Any], errors: list[str]
) -> tuple[FitConfig, SearchSettings]:
    """Makes the settings of the file and the flags."""
    from keras_mtl.configuration.flag_values import nest_flags
    from keras_mtl.configuration.toml_file import read_toml
    from keras_mtl.configuration.validate import build_config
    from keras_mtl.errors import UserError
    from tuning.search_settings import (
        build_search_settings,
        check_searched_settings,
    )

    own = {
        key.removeprefix("search."): values.pop(key)
        for key in list(values)
        if key.startswith("search.")
    }
    file: dict[str, Any] = {}
    try:
        if "config" in values:
            file = read_toml(values.pop("config"))
    except UserError as error:
        errors += error.messages
    flags = nest_flags(values, file, errors)
    table = file.pop("search", {})
    if not isinstance(table, dict):
        errors.append(
            f"search: expected a table, [search] in TOML; received {table!r}."
        )
        table = {}
    settings = config = None
    try:
        settings = build_search_settings({**table, **own})
    except UserError as error:
        errors += error.messages
    try:
        config = build_config(file, flags)
    except UserError as error:
        errors += error.messages
    if config is not None and config.transfer.run is not None:
        errors.append(
            "transfer.run: a search trains from the beginning. Leave [transfer] out; "
            "fit takes it."
        )
    if config is not None and settings is not None:
        errors += check_searched_settings(settings, config)
    if errors or config is None or settings is None:
        raise UserError(*errors)
    return config, settings


if __name__ == "__main__":
    sys.exit(main())
