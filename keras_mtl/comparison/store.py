"""The fits of a comparison, each in its own file."""

from __future__ import annotations

import hashlib
import json
import os
import re
import socket
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from keras_mtl.comparison.candidates import Candidate
from keras_mtl.comparison.folds import Fold
from keras_mtl.tasks import Task

__all__ = ["FitStore", "FoldFit"]


@dataclass(frozen=True)
class FoldFit:
    """Result of a model in one fold.

    Attributes:
        outputs: The outputs for the held-out rows by task name, (n, units).
        epochs: The epochs whose weights the members have, (members,).
        parameters: The number of parameters of one member; 0 without parameters.
        seconds: The time of training in seconds, divided over the fits of a program.
        failure: The reason for a failed fit; empty otherwise.
        gradients: Affinities and cosines during the training, by name; see
            `GradientProbe`. Empty if not measured.
        effects: The effects of features on held-out rows, as `fold_effects` returns
            them; empty if not measured.
        thresholds: The chosen threshold of the fold, by task name.
    """

    outputs: Mapping[str, np.ndarray] = field(default_factory=dict)
    epochs: Sequence[int] = ()
    parameters: int = 0
    seconds: float = 0.0
    failure: str = ""
    gradients: Mapping[str, np.ndarray] = field(default_factory=dict)
    effects: Mapping[str, Any] = field(default_factory=dict)
    thresholds: Mapping[str, float] = field(default_factory=dict)


class FitStore:
    """A folder of fits, identified by everything that they depend on.

    An existing fit has the same rows, folds, settings and seed, whichever process ran
    it. A killed process leaves only complete files.

    Args:
        folder: The folder, which is created.
        data: A digest of the rows, labels and groups.
        seed: The seed of folds and weights.
        folds: The number of folds per repeat.
    """

    def __init__(self, folder: Path, data: str, seed: int, folds: int) -> None:
        self.folder = folder
        self._common = {"data": data, "seed": seed, "folds": folds}
        # A digest of settings takes time, and progress needs all digests.
        self._digests: dict[tuple[str, ...], str] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, candidate: Candidate, tasks: Sequence[Task], fold: Fold) -> Path:
        """Return the path of a fit."""
        names = (candidate.name, *[task.name for task in tasks])
        if names not in self._digests:
            self._digests[names] = candidate.digest(tasks)
        key = {
            **self._common,
            "candidate": self._digests[names],
            "repeat": fold.repeat,
            "fold": fold.number,
        }
        text = json.dumps(key, sort_keys=True)
        digest = hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
        words = [candidate.name]
        if len(tasks) < len(candidate.config.tasks):
            words += [task.name for task in tasks]
        name = re.sub(r"[^A-Za-z0-9]+", "-", "-".join(words)).strip("-")[:60]
        return self.folder / f"{name}-{fold.repeat}-{fold.number}-{digest}.npz"

    def has(self, candidate: Candidate, tasks: Sequence[Task], fold: Fold) -> bool:
        """Return whether a fit exists."""
        return self.path(candidate, tasks, fold).exists()

    def write(
        self, candidate: Candidate, tasks: Sequence[Task], fold: Fold, fit: FoldFit
    ) -> None:
        """Write a fit atomically."""
        path = self.path(candidate, tasks, fold)
        facts = {
            "epochs": [int(epoch) for epoch in fit.epochs],
            "parameters": fit.parameters,
            "seconds": fit.seconds,
            "failure": fit.failure,
            "effects": fit.effects,
            "thresholds": dict(fit.thresholds),
        }
        # Containers that share the folder often have the same process number.
        writer = f"{socket.gethostname()}.{os.getpid()}"
        partial = path.with_name(f".{path.name}.{writer}")
        with partial.open("wb") as stream:
            arrays: dict[str, Any] = {f"task_{k}": v for k, v in fit.outputs.items()}
            arrays |= {f"gradients_{k}": v for k, v in fit.gradients.items()}
            np.savez(stream, facts=np.asarray(json.dumps(facts)), **arrays)
        partial.replace(path)

    def read(
        self, candidate: Candidate, tasks: Sequence[Task], fold: Fold
    ) -> FoldFit | None:
        """Return a fit; None if it does not exist or cannot be read."""
        path = self.path(candidate, tasks, fold)
        try:
            with np.load(path, allow_pickle=False) as file:
                facts = json.loads(str(file["facts"]))
                outputs, gradients = (
                    {
                        name.removeprefix(prefix): file[name]
                        for name in file.files
                        if name.startswith(prefix)
                    }
                    for prefix in ("task_", "gradients_")
                )
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, zipfile.BadZipFile):
            # The file was damaged, and the fit is run again.
            path.unlink(missing_ok=True)
            return None
        return FoldFit(outputs=outputs, gradients=gradients, **facts)
