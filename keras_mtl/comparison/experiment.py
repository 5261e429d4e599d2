"""The missing fits of a comparison, and the processes that run them."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras_mtl._core.claims import claim_if_free
from keras_mtl._core.plugins import import_modules
from keras_mtl.comparison.candidates import Candidate, choose_candidates
from keras_mtl.comparison.classical import fit_classical, suits_classical
from keras_mtl.comparison.encoding import FoldEncoder
from keras_mtl.comparison.folds import Fold, make_folds
from keras_mtl.comparison.label_shares import label_share_candidates
from keras_mtl.comparison.settings import ComparisonSettings
from keras_mtl.comparison.store import FitStore, FoldFit
from keras_mtl.configuration.validate import build_config
from keras_mtl.runs.prepare import prepare_data
from keras_mtl.runs.prepared_data import PreparedData
from keras_mtl.runs.resume import data_digests
from keras_mtl.tasks import Task

__all__ = ["Experiment", "Unit", "work_beside"]

# The time between two checks of the fits of other processes, in seconds.
WAIT_SECONDS = 0.2
OnProgress = Callable[[float], None]


@dataclass(frozen=True)
class Unit:
    """Fits that one process runs at once: a candidate's folds of one repeat.

    Attributes:
        candidate: The candidate.
        tasks: The tasks of the candidate that are trained together.
        folds: The folds.
    """

    candidate: Candidate
    tasks: tuple[Task, ...]
    folds: tuple[Fold, ...]


class Experiment:
    """The rows, folds, candidates and fits of a comparison.

    Args:
        data: The rows.
        settings: The settings of the comparison.
        folds: The folds of all repeats.
        candidates: The models.
        folder: The folder of the fits.
    """

    def __init__(
        self,
        data: PreparedData,
        settings: ComparisonSettings,
        folds: Sequence[Fold],
        candidates: Sequence[Candidate],
        folder: Path,
    ) -> None:
        self.data = data
        self.settings = settings
        self.folds = folds
        self.candidates = candidates
        self.folds_per_repeat = sum(fold.repeat == 0 for fold in folds)
        digests = data_digests(data)
        del digests["the split"]
        text = json.dumps([digests, data.groups.tolist()], sort_keys=True)
        self.store = FitStore(
            folder,
            hashlib.blake2b(text.encode(), digest_size=16).hexdigest(),
            data.config.seed,
            self.folds_per_repeat,
        )
        self._encode: FoldEncoder | None = None

    def units(self) -> Iterator[Unit]:
        """Yield all units, networks first."""
        repeats = sorted({fold.repeat for fold in self.folds})
        for candidate in self.candidates:
            for tasks in candidate.task_groups():
                if candidate.form == "classical" and not suits_classical(tasks[0]):
                    continue
                for repeat in repeats:
                    folds = [fold for fold in self.folds if fold.repeat == repeat]
                    yield Unit(candidate, tasks, tuple(folds))

    def missing(self, unit: Unit) -> list[Fold]:
        """Return the folds of a unit without a fit."""
        return [
            fold
            for fold in unit.folds
            if not self.store.has(unit.candidate, unit.tasks, fold)
        ]

    def remove_damaged(self) -> None:
        """Remove fits that cannot be read, so that they count as missing."""
        for unit in self.units():
            for fold in unit.folds:
                self.store.read(unit.candidate, unit.tasks, fold)

    def done(self) -> tuple[int, int]:
        """Return the number of finished fits, and the number of all fits."""
        units = [*self.units()]
        total = sum(len(unit.folds) for unit in units)
        return total - sum(len(self.missing(unit)) for unit in units), total

    def work(
        self,
        networks: bool = True,
        workers: int = 1,
        on_progress: OnProgress | None = None,
    ) -> None:
        """Run fits that are missing and that no other process runs.

        Args:
            networks: Whether to start with networks; if False, only models of
                scikit-learn are fitted.
            workers: The number of processes that share the repeats of the networks.
            on_progress: A function of the number of finished fits, including fractions
                of fits.
        """
        while True:
            waits, worked = False, False
            for group in self._groups(networks, workers):
                with contextlib.ExitStack() as stack:
                    claimed = [
                        unit
                        for unit in group
                        if self._can_be_made(unit) and self._claim(unit, stack)
                    ]
                    # Another process may have finished fits before the claim.
                    lacking = [unit for unit in claimed if self.missing(unit)]
                    waits |= len(claimed) < len(group)
                    if lacking:
                        self._make(lacking, on_progress)
                        worked = True
                if worked:
                    break
            if not worked:
                if not waits:
                    return
                # Another process runs the last fits; if it dies, its claims end.
                time.sleep(WAIT_SECONDS)
                if on_progress is not None:
                    on_progress(0.0)

    def _groups(self, networks: bool, workers: int) -> Iterator[list[Unit]]:
        """Yield units with missing fits, in groups that one program trains."""
        by_program: dict[tuple[str, tuple[str, ...]], list[Unit]] = {}
        for unit in self.units():
            classical = unit.candidate.form == "classical"
            if (not networks and not classical) or not self.missing(unit):
                continue
            key = unit.candidate.name, tuple(task.name for task in unit.tasks)
            by_program.setdefault(key, []).append(unit)
        for units in by_program.values():
            classical = units[0].candidate.form == "classical"
            size = 1 if classical else math.ceil(len(units) / workers)
            for first in range(0, len(units), size):
                yield units[first : first + size]

    def _claim(self, unit: Unit, stack: contextlib.ExitStack) -> bool:
        place = self.store.path(unit.candidate, unit.tasks, unit.folds[0])
        return claim_if_free(place.with_name(f"unit-{place.stem}"), stack)

    def _make(self, units: Sequence[Unit], on_progress: OnProgress | None) -> None:
        candidate, tasks = units[0].candidate, units[0].tasks
        folds = [fold for unit in units for fold in self.missing(unit)]
        if self._encode is None:
            self._encode = FoldEncoder(self.data)
        if candidate.form == "classical":
            for fold in folds:
                fit = self._fit_classical(candidate, tasks[0], fold)
                self.store.write(candidate, tasks, fold, fit)
                if on_progress is not None:
                    on_progress(0.0)
            return
        # Loads TensorFlow, which models of scikit-learn need only for the encoding.
        from keras_mtl.comparison.grouped_networks import train_grouped_networks
        from keras_mtl.comparison.networks import train_networks

        epochs = candidate.config.training.epochs

        def on_epoch(epoch: int, _: dict[str, float]) -> None:
            if on_progress is not None:
                on_progress(len(folds) * epoch / epochs)

        if candidate.form == "groups":
            fits = train_grouped_networks(
                candidate,
                folds,
                [self._shared_fit(fold) for fold in folds],
                self.data,
                self._encode,
                on_epoch,
            )
        else:
            fits = train_networks(
                candidate, tasks, folds, self.data, self._encode, on_epoch
            )
        for fold, fit in zip(folds, fits, strict=True):
            self.store.write(candidate, tasks, fold, fit)
        if on_progress is not None:
            on_progress(0.0)

    def _can_be_made(self, unit: Unit) -> bool:
        """Return whether all fits of other units that a unit needs exist."""
        if unit.candidate.form != "groups":
            return True
        shared = self.candidates[0]
        return all(self.store.has(shared, unit.tasks, fold) for fold in unit.folds)

    def _shared_fit(self, fold: Fold) -> FoldFit:
        """Return the multi-task network's fit of a fold."""
        shared = self.candidates[0]
        fit = self.store.read(shared, shared.config.tasks, fold)
        if fit is None:
            raise RuntimeError(f"A fit of {shared.name} was removed meanwhile.")
        return fit

    def _fit_classical(self, candidate: Candidate, task: Task, fold: Fold) -> FoldFit:
        assert self._encode is not None
        start = time.perf_counter()
        matrix = self._encode(candidate.config.features, fold)
        outputs = fit_classical(
            candidate.name,
            task,
            matrix[fold.train],
            self.data.labels[task.name][fold.train],
            matrix[fold.test],
            seed=self.data.config.seed + fold.repeat * 1000 + fold.number,
        )
        return FoldFit({task.name: outputs}, seconds=time.perf_counter() - start)


def work_beside(
    config: dict[str, Any],
    settings: dict[str, Any],
    folder: str,
    modules: Sequence[str],
    networks: bool,
    workers: int,
) -> None:
    """Run fits in another process. See `Experiment.work`.

    Args:
        config: The plain settings of the run, resolved.
        settings: The plain settings of the comparison.
        folder: The folder of the fits.
        modules: The modules that register plugins.
        networks: See `Experiment.work`.
        workers: See `Experiment.work`.
    """
    import_modules(modules)
    data = prepare_data(build_config(config))
    compared = ComparisonSettings(**settings)
    folds = make_folds(data, compared)
    candidates = choose_candidates(data.config, compared, len(data.rows))
    candidates += label_share_candidates(data, folds, compared, candidates)
    experiment = Experiment(data, compared, folds, candidates, Path(folder))
    experiment.work(networks, workers)
