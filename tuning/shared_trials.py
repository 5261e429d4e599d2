"""A search by several processes that communicate by the files of its folder."""

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
    # This import loads TensorFlow.
    from keras_tuner.engine.trial import Trial as TunerTrial

__all__ = ["SHARED", "Numbered", "OnTrial", "SharedTrials", "Train"]

Numbered = Mapping[int, "TunerTrial"]
OnTrial = Callable[[Trial], None]
# A function of some trials, and of the reason why they cannot be trained, if any.
Train = Callable[[Numbered, str], list[Trial]]

# The name of the folder of claims and rounds in the search folder.
SHARED = "shared"
# The claim of the process that ends the search, and the files that mark the end.
END, ENDED, EXHAUSTED = "end", "ended", "exhausted"
# The time between two reads of other processes' results, in seconds.
PAUSE = 0.5
# The number of deaths after which a trial counts as their cause.
DEATHS = 3


class SharedTrials:
    """The trials of a search, divided among processes that share its folder.

    Every process requests the trials of a round from its own copy of the tuner. The
    first process writes them to a file, and the others read that file. All processes
    thus have the same trials under the same numbers, even if a Bayesian tuner rounds
    differently on another host. Then each process claims a few trials of the round at a
    time, and all report all results to their tuners in the order of the round. The
    processes have no chief: a process may die or join at any time.

    Args:
        folder: The search folder.
        settings: The plain values of `search.toml`. Only processes with the same
            settings share trials.
        per_claim: The number of trials that a process claims and trains together.
        seconds: The age of a heartbeat, in seconds, at which a process counts as dead.
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
        """Whether the search is complete."""
        return (self.folder / ENDED).exists()

    def agree(
        self,
        asked: Sequence[TunerTrial],
        number: Callable[[], Numbered],
        store: TrialStore,
    ) -> Numbered:
        """Agree with the other processes on the trials of the next round.

        Args:
            asked: The trials from this process's tuner. Their values are replaced by
                the values that the processes agree on.
            number: A function that numbers the trials to train. All trials of earlier
                rounds have ended when it is called.
            store: The store of finished trials.

        Returns:
            The trials to train, by their numbers.

        Raises:
            UserError: If the tuner of another process behaves differently.
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
        """Train free trials until all have ended, here or in other processes.

        Args:
            numbered: The trials of the round.
            train: A function that trains some trials, or makes failed trials with a
                reason.
            store: The store of finished trials.
            on_trial: A function that is called with each trial after its end in any
                process.
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
        """Claim the end of the search; return None if another process has the claim."""
        return self.claims.take(END)

    def wait_for_end(self) -> bool:
        """Wait until this process may end the search, or another process has ended it.

        Returns:
            Whether this process has to end the search.
        """
        while not self.ended:
            if self.take_end() is not None:
                return not self.ended
            time.sleep(PAUSE)
        return False

    @property
    def exhausted(self) -> bool:
        """Whether a process found that the space has no more settings."""
        return (self.folder / EXHAUSTED).exists()

    def exhaust(self) -> None:
        """Record that the space has no more settings for the requested trials."""
        (self.folder / EXHAUSTED).touch()

    def end(self) -> None:
        """Record that the search is complete."""
        (self.folder / ENDED).touch()

    def _take(self, left: Sequence[int], store: TrialStore) -> dict[int, Claim]:
        taken: dict[int, Claim] = {}
        for number in left:
            claim = self.claims.take(str(number))
            if claim is None:
                continue
            if store.is_written(number):
                # The trial has ended since the folder was read.
                self.claims.drop(claim)
                continue
            if claim.deaths and taken:
                # A trial that may kill its process trains alone.
                self.claims.release(claim)
                continue
            taken[number] = claim
            if claim.deaths or len(taken) >= self.per_claim:
                break
        return taken


def _reason(deaths: int) -> str:
    """Return the reason to give up a trial; empty if it has to be trained."""
    if deaths < DEATHS:
        return ""
    return (
        f"{deaths} processes died while they trained it. Give each process more memory."
    )
