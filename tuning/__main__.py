"""Search settings for a fit: python -m tuning."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from keras_mtl import fit
from keras_mtl.configuration.command_line import Flag, run_command

if TYPE_CHECKING:
    from pathlib import Path

    from keras_mtl.configuration.fit_config import FitConfig
    from tuning.search_settings import SearchSettings

__all__ = ["FLAGS", "main"]

SUMMARY = """Search the widths of the trunk and the heads, the learning rate,
the loss weights and the settings of a [search] table, by cross-validation on
the training rows.

The search does not use the test rows of a fit with the same seed. It writes the
best settings to DIR/config.toml and all trials to DIR/trials.csv. It ends with
a fit of the best settings in DIR/best, unless --no-fit is given. To repeat this
fit:

\b
    python -m keras_mtl.fit --config DIR/config.toml

A [search] table in the file of --config sets the choices and ranges. To resume
an interrupted search:

\b
    python -m tuning --resume DIR
"""

# Settings that a search chooses itself.
SEARCHED = ("training.learning_rate",)

# Settings without a meaning in a search, since its trials start from the beginning.
ABSENT = (
    "resume",
    "transfer.run",
    "transfer.frozen_epochs",
    "transfer.trunk_rate",
    "transfer.head",
)

REASONS = {
    "training.learning_rate": "a search tries learning rates. Give their range, as "
    "learning_rate = [0.001, 0.01], under [search] of a --config file.",
    **dict.fromkeys(
        ABSENT[1:], "a search trains from the beginning. Leave it out; fit takes it."
    ),
}

# A larger number of workers is probably a typing error.
MOST_WORKERS = 1024

# Flags of a fit that have an additional meaning here.
HELP = {
    "output.folder": "Write the search to this folder.",
    "output.overwrite": "Replace the folder of a search if it exists.",
    "seed": (
        "Seed the split, the folds, the trials and their training. The default is 0."
    ),
    "model.trunk": "Use this many shared layers. The search chooses their widths.",
    "head_widths": (
        "Use this many hidden layers in the head of this task. The search chooses "
        "their widths."
    ),
    "heads.widths": (
        "Use this many hidden layers in all other heads. The search chooses their "
        "widths."
    ),
    "training.epochs": "Train each trial for at most this many epochs.",
    "training.members": (
        "Average this many networks in the final fit. A trial trains one network per "
        "fold."
    ),
    "training.patience": (
        "End a trial after this many epochs without improvement. 0 means 10."
    ),
    "training.validation_fraction": (
        "Validate the final fit on this share of the training rows. 0 means 0.2."
    ),
    "loss_weights": (
        "Weigh this task by this number in val_loss. Searched loss weights are "
        "relative to it."
    ),
}

FLAGS = (
    Flag(
        "--trials",
        "search.trials",
        "Try this many settings. The default is 10.",
        metavar="N",
    ),
    Flag(
        "--tuner",
        "search.tuner",
        "Choose settings by random, bayesian, hyperband or grid search. The default "
        "is random.",
        metavar="NAME",
    ),
    Flag(
        "--objective",
        "search.objective",
        "Compare trials by this metric of held-out rows: val_loss, val_TASK_auc, "
        "val_gain, or a sum such as 'val_A_auc + 2 * val_B_auc'. If given several "
        "times, the search reports a Pareto front. The default is val_loss.",
        form="repeat",
        metavar="NAME",
    ),
    Flag(
        "--folds",
        "search.folds",
        "Cross-validate each trial in this many folds of the training rows. The "
        "default is 3.",
        metavar="N",
    ),
    Flag(
        "--fold-repeats",
        "search.repeats",
        "Repeat the division into folds this many times. The default is 1.",
        metavar="N",
    ),
    Flag(
        "--nested",
        "search.nested",
        "Afterwards repeat the search in this many outer folds, to measure the chosen "
        "settings on rows that the search did not use. The default is 0, none.",
        metavar="N",
    ),
    Flag(
        "--at-once",
        "search.at_once",
        "Get this many trials at a time from the tuner and train them together. By "
        "default all trials of a random search, and 8 of a bayesian search.",
        metavar="N",
    ),
    Flag(
        "--fit",
        "search.fit",
        "End with a fit of the best settings, in DIR/best. On by default.",
        form="switch",
    ),
    Flag(
        "--tensorboard",
        "search.tensorboard",
        "Also write each trial to DIR/tensorboard, for the HParams page of "
        "TensorBoard. Off by default.",
        form="switch",
    ),
    Flag(
        "--resume",
        "search.folder",
        "Resume the search in this folder, with more --trials or other ranges.",
        metavar="DIR",
    ),
    Flag(
        "--workers",
        "search.workers",
        "Share the trials among this many processes on this machine.",
        metavar="N",
    ),
    Flag(
        "--join",
        "search.join",
        "Join the search in --out DIR, together with other processes on this or other "
        "machines that have access to the folder. Start the search if the folder does "
        "not exist.",
        form="switch",
    ),
    Flag(
        "--per-claim",
        "search.per_claim",
        "With --workers or --join: let a process claim this many trials at a time. By "
        "default a quarter of the trials, at most 8.",
        metavar="N",
    ),
    Flag(
        "--heartbeat",
        "search.heartbeat",
        "With --workers or --join: retry the trials of a process that has not "
        "responded for this many seconds. The default is 60.",
        metavar="SECONDS",
    ),
    Flag(
        "--choose",
        "search.choose",
        "With --resume: write config.toml with the settings of this trial, and end.",
        metavar="TRIAL",
    ),
    *(
        replace(flag, help=HELP.get(flag.key, flag.help))
        for flag in fit.FLAGS
        if flag.key not in (*SEARCHED, *ABSENT)
    ),
)


def main(argv: list[str] | None = None) -> int:
    """Run the command, and return its exit status."""
    refused = {
        flag.name: REASONS[flag.key] for flag in fit.FLAGS if flag.key in REASONS
    }
    return run_command(
        "python -m tuning", SUMMARY, FLAGS, _search, argv=argv, refused=refused
    )


def _search(values: dict[str, Any], errors: list[str]) -> None:
    from keras_mtl._core.plugins import import_modules
    from keras_mtl.errors import gather

    quiet = bool(values.pop("quiet", False))
    with gather(errors):
        imports = values.pop("import", ())
        import_modules(imports)
    folder = values.pop("search.folder", None)
    choose = values.pop("search.choose", None)
    if choose is not None:
        _choose(folder, choose, values, errors, quiet)
        return
    join = bool(values.pop("search.join", False))
    workers = _workers(values.pop("search.workers", None), join, errors)
    joined = _joined(values, folder, errors) if join else None
    config, settings = _settings(values, errors, folder or joined)
    # Imported here, since the settings do not need these modules.
    from tuning.search_run import run_search

    run_search(
        config,
        settings,
        quiet=quiet,
        resume=folder is not None,
        join=join,
        workers=workers,
        imports=imports,
    )


def _workers(text: str | None, join: bool, errors: list[str]) -> int:
    if text is None:
        return 0
    if join:
        errors.append(
            "--workers: cannot be combined with --join, which is one process. Start "
            "the command with --join several times."
        )
    if not text.isdecimal() or not 1 <= int(text) <= MOST_WORKERS:
        errors.append(
            f"--workers: expected a number of processes from 1 to {MOST_WORKERS}; "
            f"received {text!r}."
        )
        return 0
    return int(text)


def _joined(
    values: dict[str, Any], folder: str | None, errors: list[str]
) -> str | None:
    """Return the search folder to read all settings from, if no flag gives any."""
    from pathlib import Path

    out = values.get("output.folder")
    if folder is not None:
        errors.append(
            f"--join: cannot be combined with --resume. Resume it with --out {folder} "
            "--join."
        )
    elif out is None:
        errors.append(
            "--join: expected --out DIR with it, the folder that all processes of "
            "the search see; received none."
        )
    elif "output.overwrite" in values:
        errors.append(
            "--overwrite: cannot be combined with --join, as other processes may be at "
            "work in the folder. Remove the folder before the first process starts."
        )
    elif set(values) == {"output.folder"} and (Path(out) / "search.toml").is_file():
        del values["output.folder"]
        return str(out)
    return None


def _choose(
    folder: str | None,
    choose: str,
    values: dict[str, Any],
    errors: list[str],
    quiet: bool,
) -> None:
    from keras_mtl.configuration.toml_file import read_toml
    from keras_mtl.configuration.validate import build_config
    from keras_mtl.errors import UserError

    if folder is None:
        errors.append(
            "--choose: expected --resume DIR with it, the folder of a search; "
            "received none."
        )
    if not choose.isdecimal():
        errors.append(f"--choose: expected the number of a trial; received {choose!r}.")
    errors += [
        f"{key}: cannot be combined with --choose, which only writes config.toml. "
        "Leave it out."
        for key in values
    ]
    if errors or folder is None:
        raise UserError(*errors)
    from pathlib import Path

    from tuning.search_run import choose_trial
    from tuning.search_terminal import SearchTerminal

    file = read_toml(str(_search_file(folder)))
    file.pop("search", None)
    epochs = build_config(file).training.epochs
    path = choose_trial(Path(folder), int(choose), epochs)
    SearchTerminal(quiet).show_chosen(int(choose), path)


def _search_file(folder: str) -> Path:
    """Return the settings file of a search folder."""
    from pathlib import Path

    from keras_mtl.errors import UserError

    path = Path(folder) / "search.toml"
    if not path.is_file():
        raise UserError(
            f"--resume: expected the folder of a search, with its search.toml; "
            f"received {folder!r}. Begin a search with --out {folder}."
        )
    return path


def _settings(
    values: dict[str, Any], errors: list[str], folder: str | None = None
) -> tuple[FitConfig, SearchSettings]:
    """Build the settings from the file and the flags."""
    from keras_mtl.configuration.flag_values import nest_flags
    from keras_mtl.configuration.toml_file import read_toml
    from keras_mtl.configuration.validate import build_config
    from keras_mtl.errors import UserError
    from tuning.search_settings import (
        build_search_settings,
        check_searched_settings,
    )
    from tuning.solved_choices import check_solved_choices

    own = {
        key.removeprefix("search."): values.pop(key)
        for key in list(values)
        if key.startswith("search.")
    }
    file: dict[str, Any] = {}
    kept: dict[str, Any] = {}
    try:
        if folder is not None:
            kept = read_toml(str(_search_file(folder)))
        if "config" in values:
            file = read_toml(values.pop("config"))
    except UserError as error:
        errors += error.messages
    table = file.pop("search", {})
    if not isinstance(table, dict):
        errors.append(
            f"search: expected a table, [search] in TOML; received {table!r}."
        )
        table = {}
    if folder is not None:
        errors += _changes(folder, file, values)
        before = kept.pop("search", {})
        errors += [
            f"search.{key}: expected {before.get(key, default)}, as the trials in "
            f"{folder} were measured; received {given[key]}. Begin a new search for "
            "other folds."
            for given in (table, own)
            for key, default in (("folds", 3), ("repeats", 1))
            if key in given and str(given[key]) != str(before.get(key, default))
        ]
        file, table = kept, {**before, **table}
        values = {"output.folder": folder}
    flags = nest_flags(values, file, errors)
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
        errors += check_solved_choices(settings, config)
    if errors or config is None or settings is None:
        raise UserError(*errors)
    return config, settings


def _changes(folder: str, file: dict[str, Any], values: dict[str, Any]) -> list[str]:
    """List changes that a resumed search may not make: all outside of [search]."""
    return [
        f"{key}: a search that is resumed keeps its settings, those in "
        f"{folder}/search.toml; only [search] and its flags may change. Leave it out, "
        "or begin a new search."
        for key in (*file, *values)
    ]


if __name__ == "__main__":
    sys.exit(main())
