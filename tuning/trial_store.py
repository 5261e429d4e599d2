"""The finished trials of a search, with one file per trial.

A trial is looked up by its choices before it is trained, and written after its end. A
rename makes each file appear complete, so a killed search loses no finished trial.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keras_mtl.configuration.repeatable import repeatable_values
from keras_mtl.configuration.validate import build_config
from keras_mtl.errors import UserError
from tuning.trials import Trial

__all__ = ["TRIALS", "TrialStore", "choices_key"]

# The name of the trials' folder in the search folder.
TRIALS = "trials"

# Values that keras-tuner's Hyperband stores beside the choices. The epochs are among
# the settings.
NOTES = "tuner/"


def choices_key(values: Mapping[str, Any]) -> str:
    """Return a key that is the same for trials of the same settings.

    Args:
        values: A tuner's choices by name.

    Example:

    >>> choices_key({"b": 1, "a": 0.5, "tuner/bracket": 2})
    '{"a": 0.5, "b": 1}'
    """
    kept = {
        name: value
        for name, value in values.items()
        if not name.startswith(NOTES) or name == f"{NOTES}epochs"
    }
    return json.dumps(kept, sort_keys=True)


class TrialStore:
    """The finished trials in a search folder.

    Args:
        folder: The search folder; None keeps the trials only in memory.

    Raises:
        UserError: If a trial's file cannot be read.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = None if folder is None else folder / TRIALS
        self._trials: dict[int, Trial] = {}
        self._by_choices: dict[str, int] = {}
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.refresh()

    @property
    def trials(self) -> list[Trial]:
        """The finished trials, in the order of their numbers."""
        return [self._trials[number] for number in sorted(self._trials)]

    @property
    def next_number(self) -> int:
        """The number of the next trial."""
        return max(self._trials, default=0) + 1

    def find(self, values: Mapping[str, Any]) -> Trial | None:
        """Return the finished trial of these choices, or None."""
        number = self._by_choices.get(choices_key(values))
        return None if number is None else self._trials[number]

    def has(self, number: int) -> bool:
        """Return whether this process knows that a trial has ended."""
        return number in self._trials

    def is_written(self, number: int) -> bool:
        """Return whether a trial has ended in any process."""
        return self.folder is not None and self._path(number).exists()

    def refresh(self) -> list[Trial]:
        """Read the trials that other processes have finished, and return them."""
        fresh = []
        if self.folder is not None:
            for path in sorted(self.folder.glob("[0-9]*.json")):
                if not self.has(int(path.stem)):
                    fresh.append(_read(path))
                    self._keep(fresh[-1])
        return fresh

    def finish(self, trial: Trial) -> None:
        """Store a finished trial."""
        if self.folder is not None:
            path = self._path(trial.number)
            # Two processes may write a trial if one lost its claim to the other.
            partial = path.with_suffix(f".{socket.gethostname()}-{os.getpid()}.partial")
            with partial.open("w", encoding="utf-8") as file:
                json.dump(_plain(trial), file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        self._keep(trial)

    def _path(self, number: int) -> Path:
        assert self.folder is not None
        return self.folder / f"{number:05d}.json"

    def _keep(self, trial: Trial) -> None:
        self._trials[trial.number] = trial
        self._by_choices[choices_key(trial.values)] = trial.number


def _plain(trial: Trial) -> dict[str, Any]:
    return {
        "number": trial.number,
        "values": trial.values,
        "folds": list(trial.folds),
        "epochs": list(trial.epochs),
        "message": trial.message,
        "seconds": trial.seconds,
        "parameters": trial.parameters,
        "config": repeatable_values(trial.config),
    }


def _read(path: Path) -> Trial:
    try:
        plain = json.loads(path.read_text("utf-8"))
        config = build_config(plain["config"])
        return Trial(
            int(plain["number"]),
            config,
            tuple(plain["folds"]),
            tuple(plain["epochs"]),
            plain["message"],
            plain["values"],
            plain["seconds"],
            plain["parameters"],
        )
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{path}: expected a finished trial of a search; {error}. Remove the file "
            "to have its trial tried again."
        ) from error
