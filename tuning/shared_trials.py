"""A search on which several processes work, by the files of its folder alone."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_mtl.errors import UserError
from tuning.trial_claims import Claim, TrialClaims
from tuning.trial_store import TrialStore
from tuning.trials import Trial

if TYPE_CHECKING:
    # Loads TensorFlow.
    from keras_tuner.engine.trial import Trial as TunerTrial

__all__ = ["SHARED", "Numbered", "OnTrial", "SharedTrials", "Train"]

Numbered = Mapping[int, "TunerTrial"]
OnTrial = Callable[[Trial], None]
# Takes some trials, and why they cannot be trained, if they cannot.
Train = Callable[[Numbered, str], list[Trial]]

# The folder of claims and rounds, in the search folder.
SHARED = "shared"
# The claim of the process that ends the search, and the file that it leaves.
END, ENDED, EXHAUSTED = "end", "ended", "exhausted"
# The seconds between two looks at what the other processes have done.
PAUSE = 0.5
# A trial whose process dies so often is the reason, not the victim.
DEATHS = 3


class SharedTrials:
    """The trials of a search, divided among processes that see its folder.

    Every process asks its own copy of the tuner for the trials of a round. The first
    one writes them to a file, and the others take them from there, so that all have
    the same trials under the same numbers, even if a Bayesian tuner rounds otherwise
    on another host. Then each process claims a few trials of the round at a time, and
    all tell their tuners all results, in the order of the round. There is no chief: a
    process may die or join at any time.

    Args:
        folder: The search folder.
        settings: The plain values of `search.toml`. Trials are divided among
            processes of the same settings.
        per_claim: The number of trials that a process claims at once; as many are
            trained together.
        seconds: The age in seconds at which a process is taken for dead.
    """

    def __init__(
        self, folder: Path, settings: Mapping[str, Any], per_claim: int, seconds: float
    ) -> None:
        text = json.dumps(settings, sort_keys=True, default=str)
        digest = hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
        self.folder = folder / SHARED / digest
        self.claims = TrialClaims(self.folder, seconds)
        self.per_claim = per_claim
        self.heartbeats = self.claims.heartbeats
        self._round = 0

    @property
    def ended(self) -> bool:
        """Whether the search is whole."""
        return (self.folder / ENDED).exists()

    def agree(
        self,
        asked: Sequence[TunerTrial],
        number: Callable[[], Numbered],
        store: TrialStore,
    ) -> Numbered:
        """Agrees with the other processes on the trials of the next round.

        Args:
            asked: The trials that this process's tuner gave; they take the values
                that the processes agree on.
            number: Numbers those that are to be trained. All trials of earlier
                rounds have ended when it is called.
            store: The finished trials.

        Returns:
            The trials to train, by their numbers.

        Raises:
            UserError: When the tuner of another process works otherwise.
        """
        self._round += 1
        name = f"round-{self._round}"
        path = self.folder / f"{name}.json"
        claim = None
        while not path.exists():
            claim = self.claims.take(name)
            if claim is None:
                time.sleep(PAUSE)
            elif not path.exists():
                store.refresh()
                chosen = {id(each): key for key, each in number().items()}
                plan = [
                    [chosen.get(id(each)), dict(each.hyperparameters.values)]
                    for each in asked
                ]
                partial = path.with_name(f".{claim.path.name}.partial")
                partial.write_text(json.dumps(plan), "utf-8")
                partial.replace(path)
        if claim is not None:
            self.claims.drop(claim)
        plan = json.loads(path.read_text("utf-8"))
        if len(plan) != len(asked):
            raise UserError(
                f"{path}: expected the {len(asked)} trials that the tuner gives here; "
                f"received {len(plan)} of another process. Use the same versions of "
                "keras-tuner and of this package on all hosts."
            )
        for each, (_, values) in zip(asked, plan, strict=True):
            each.hyperparameters.values = values
        return {
            key: each
            for each, (key, _) in zip(asked, plan, strict=True)
            if key is not None
        }

    def train(
        self,
        numbered: Numbered,
        train: Train,
        store: TrialStore,
        on_trial: OnTrial | None = None,
    ) -> None:
        """Trains trials that are free, until all have ended here or elsewhere.

        Args:
            numbered: The trials of the round.
            train: Trains some of them, or makes failed trials of a reason.
            store: Where finished trials are kept.
            on_trial: Called with each trial that has ended, wherever it was trained.
        """
        while True:
            for trial in store.refresh():
                if on_trial is not None:
                    on_trial(trial)
            left = [number for number in numbered if not store.has(number)]
            if not left:
                return
            taken = self._take(left, store)
            if not taken:
                time.sleep(PAUSE)
                continue
            part = {number: numbered[number] for number in taken}
            lost = max(claim.deaths for claim in taken.values())
            for trial in train(part, _reason(lost)):
                store.finish(trial)
                self.claims.drop(taken[trial.number])
                if on_trial is not None:
                    on_trial(trial)

    def take_end(self) -> Claim | None:
        """Takes the right to end the search; None while another process has it."""
        return self.claims.take(END)

    def wait_for_end(self) -> bool:
        """Waits until this process may end the search, or another one has.

        Returns:
            Whether this process is to end the search.
        """
        while not self.ended:
            if self.take_end() is not None:
                return not self.ended
            time.sleep(PAUSE)
        return False

    @property
    def exhausted(self) -> bool:
        """Whether a process has found that the space has no more settings."""
        return (self.folder / EXHAUSTED).exists()

    def exhaust(self) -> None:
        """Notes that all trials have ended, though there are fewer than asked for."""
        (self.folder / EXHAUSTED).touch()

    def end(self) -> None:
        """Notes that the search is whole."""
        (self.folder / ENDED).touch()

    def _take(self, left: Sequence[int], store: TrialStore) -> dict[int, Claim]:
        taken: dict[int, Claim] = {}
        for number in left:
            claim = self.claims.take(str(number))
            if claim is None:
                continue
            if store.is_written(number):
                # It has ended since the folder was read.
                self.claims.drop(claim)
                continue
            if claim.deaths and taken:
                # Whatever killed its process is not to take others with it.
                self.claims.release(claim)
                continue
            taken[number] = claim
            if claim.deaths or len(taken) >= self.per_claim:
                break
        return taken


def _reason(deaths: int) -> str:
    """Says why a trial is given up; nothing if it is to be trained."""
    if deaths < DEATHS:
        return ""
    return (
        f"{deaths} processes died while they trained it. Give each process more memory."
    )
