"""Scores of architectures on the tasks of a problem."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from benchmarks.sharing_problems import SharingProblem
from keras_mtl.architectures import ArchitectureSettings, build_architecture
from keras_mtl.evaluation import PairedDifference, compare_paired, skill_score
from keras_mtl.tasks import Task
from keras_mtl.training import MemberSettings, TrainingSettings, fit_members

__all__ = ["TRAINING", "ArchitectureScores", "gain", "score_architecture"]

# The same for all architectures: each member keeps its best epoch on validation rows.
TRAINING = TrainingSettings(epochs=150, batch_size=32, learning_rate=3e-3, patience=15)
COMMON = ArchitectureSettings(trunk=(32, 64))
# The largest difference of skills that does not matter.
EQUIVALENCE = 0.01


@dataclass(frozen=True)
class ArchitectureScores:
    """Result of an architecture on a problem.

    Attributes:
        skills: The skill of each member and task on test rows, from squared error or
            log loss: 1 is perfect, 0 is the constant prediction of the training rows.
        epochs: The epoch whose weights each member has.
        parameters: The number of parameters of one member.
        seconds: The time of training in seconds, including compilation.
    """

    skills: np.ndarray
    epochs: np.ndarray
    parameters: int
    seconds: float

    @property
    def means(self) -> np.ndarray:
        """The mean skill over the tasks, for each member."""
        return self.skills.mean(axis=1)


def score_architecture(
    problem: SharingProblem, architecture: str
) -> ArchitectureScores:
    """Train all members of a problem in one program and score the test rows.

    Args:
        problem: The problem.
        architecture: A name with optional settings, in the form of `--architecture`.
    """
    start = time.perf_counter()
    model = build_architecture(
        architecture, problem.inputs.shape[1], problem.tasks, COMMON
    )
    fit = fit_members(
        model,
        problem.inputs,
        problem.labels,
        TRAINING,
        rows=problem.train,
        validation_rows=problem.validation,
        own=MemberSettings(numbers=problem.seeds),
    )
    seconds = time.perf_counter() - start
    targets = problem.truth or problem.labels
    skills = []
    for member, train, test in zip(
        fit.members, problem.train, problem.test, strict=True
    ):
        outputs = member(problem.inputs[test], training=False)
        skills.append(
            [
                _skill(
                    task,
                    problem.labels[task.name][train],
                    targets[task.name][test],
                    np.asarray(outputs[task.name]),
                )
                for task in problem.tasks
            ]
        )
    return ArchitectureScores(
        np.array(skills), fit.epochs, int(model.count_params()), seconds
    )


def _skill(
    task: Task, train: np.ndarray, labels: np.ndarray, outputs: np.ndarray
) -> float:
    metric = "mse" if task.loss_kind == "regression" else "log_loss"
    constant = np.broadcast_to(task.chance_outputs(train), outputs.shape)
    chance = task.measure(labels, constant)[metric]
    return float(skill_score(task.measure(labels, outputs)[metric], chance, best=0.0))


def gain(
    problem: SharingProblem,
    scores: ArchitectureScores,
    reference: ArchitectureScores,
    group: str,
) -> PairedDifference:
    """Compare two architectures on the same members of a group.

    Args:
        problem: The problem.
        scores: The scores of the architecture.
        reference: The scores of the reference.
        group: The name of the group.
    """
    members = [index for index, each in enumerate(problem.groups) if each == group]
    return compare_paired(
        (scores.means - reference.means)[members],
        # Draws with their own rows do not overlap, and need no correction.
        test_share=problem.test_share or 1e-9,
        equivalence=EQUIVALENCE,
    )
