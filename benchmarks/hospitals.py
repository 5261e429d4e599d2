"""Heart disease at four hospitals as tasks: python -m benchmarks.hospitals.

One hospital keeps a tenth, a quarter or all of its training labels, the others keep
all, and the held-out patients of this hospital are scored. Scores are pooled over the
folds of a repeat, because a fold has only one or two healthy patients of Switzerland.
The spread is over the repeats.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
from sklearn.metrics import roc_auc_score
from threadpoolctl import threadpool_limits

from benchmarks.hospital_rows import (
    HospitalRows,
    Scenario,
    load_hospitals,
    make_scenarios,
    spread_folds,
)
from keras_mtl.architectures import ArchitectureSettings, build_architecture
from keras_mtl.kernels import KernelGrid, fit_kernel
from keras_mtl.kernels.process_fit import average_scores, fit_process
from keras_mtl.linear import (
    GroupSparse,
    LinearTask,
    MeanRegularised,
    Penalty,
    Ridge,
    fit_hierarchical,
    fit_linear,
)
from keras_mtl.tasks import BinaryTask
from keras_mtl.training import MemberSettings, TrainingSettings, fit_members

SHARES = (0.1, 0.25, 1.0)
NETWORK = "shared network"
INNER_FOLDS, STRENGTHS = 4, 10
TRAINING = TrainingSettings(
    epochs=30, batch_size=64, schedule="cosine", weight_decay=1.0
)
# A function from the rows and a scenario to the scores of the scored rows.
Method = Callable[[HospitalRows, Scenario], np.ndarray]


def inner_folds(rows: HospitalRows, train: np.ndarray, repeat: int) -> np.ndarray:
    """Split training rows into the folds for the choice of strengths."""
    strata = 2 * rows.hospitals[train] + rows.labels[train]
    return spread_folds(strata, INNER_FOLDS, np.random.default_rng(1000 + repeat))


def hospital_tasks(rows: HospitalRows, train: np.ndarray) -> list[LinearTask]:
    """Return one task per hospital, without labels of other hospitals."""
    labels = rows.labels[train][:, None].astype(float)
    here = [rows.hospitals[train] == index for index in range(len(rows.names))]
    return [LinearTask("logistic", labels, each / each.sum()) for each in here]


def linear_scores(
    rows: HospitalRows, scenario: Scenario, tasks: list[LinearTask], penalty: Penalty
) -> np.ndarray:
    """Return the scores of all rows for all tasks, (N, T)."""
    found = fit_linear(
        rows.inputs[scenario.train],
        tasks,
        penalty,
        folds=inner_folds(rows, scenario.train, scenario.repeat),
        strengths=STRENGTHS,
    )
    return rows.inputs @ found.weights + found.intercepts


def own_scores(
    rows: HospitalRows, scenario: Scenario, scores: np.ndarray
) -> np.ndarray:
    """Return the scores of the scored rows for the task of their hospital."""
    return scores[scenario.scored, rows.hospitals[scenario.scored]]


def alone(rows: HospitalRows, scenario: Scenario) -> np.ndarray:
    """Fit logistic regression with a ridge penalty on the rows of one hospital."""
    scores = np.empty(len(rows.labels))
    for hospital in np.unique(rows.hospitals[scenario.scored]):
        own = scenario.train[rows.hospitals[scenario.train] == hospital]
        part = Scenario(scenario.repeat, scenario.share, own, scenario.scored)
        labels = rows.labels[own][:, None].astype(float)
        task = LinearTask("logistic", labels, np.full(len(own), 1 / len(own)))
        here = scenario.scored[rows.hospitals[scenario.scored] == hospital]
        scores[here] = linear_scores(rows, part, [task], Ridge())[here, 0]
    return scores[scenario.scored]


def pooled(rows: HospitalRows, scenario: Scenario) -> np.ndarray:
    """Fit one logistic regression with a ridge penalty on the rows of all hospitals."""
    train = scenario.train
    labels = rows.labels[train][:, None].astype(float)
    task = LinearTask("logistic", labels, np.full(len(train), 1 / len(train)))
    return linear_scores(rows, scenario, [task], Ridge())[scenario.scored, 0]


def penalized(penalty: Penalty) -> Method:
    """Return a method that fits linear models of all hospitals with a penalty."""

    def scores(rows: HospitalRows, scenario: Scenario) -> np.ndarray:
        tasks = hospital_tasks(rows, scenario.train)
        return own_scores(rows, scenario, linear_scores(rows, scenario, tasks, penalty))

    return scores


def hierarchical(rows: HospitalRows, scenario: Scenario) -> np.ndarray:
    """Fit linear models whose weights have a common Gaussian distribution."""
    tasks = hospital_tasks(rows, scenario.train)
    found = fit_hierarchical(rows.inputs[scenario.train], tasks)
    return own_scores(rows, scenario, rows.inputs @ found.weights + found.intercepts)


def kernel(rows: HospitalRows, scenario: Scenario) -> np.ndarray:
    """Fit kernel logistic regression with an RBF kernel, half shared by the tasks.

    Only the strength is chosen. A choice of the other settings takes ten times as long.
    """
    found = fit_kernel(
        rows.inputs[scenario.train],
        hospital_tasks(rows, scenario.train),
        length_scale=2.0 * np.sqrt(rows.inputs.shape[1]),
        sharing=0.5,
        folds=inner_folds(rows, scenario.train, scenario.repeat),
        grid=KernelGrid(strengths=5),
        rank=200,
    )
    return own_scores(rows, scenario, found.scores(rows.inputs))


def gaussian_process(rows: HospitalRows, scenario: Scenario) -> np.ndarray:
    """A Gaussian process, which learns how alike the hospitals are."""
    found = fit_process(
        rows.inputs[scenario.train], hospital_tasks(rows, scenario.train)
    )
    return own_scores(rows, scenario, average_scores(*found.latent(rows.inputs)))


def network_scores(rows: HospitalRows, scenarios: list[Scenario]) -> list[np.ndarray]:
    """Return the scores of a network with one head per hospital, by scenario."""
    tasks = [BinaryTask(f"hospital{index}") for index in range(len(rows.names))]
    labels = {
        task.name: np.where(rows.hospitals == index, rows.labels, np.nan)
        for index, task in enumerate(tasks)
    }
    model = build_architecture(
        "hard-sharing", rows.inputs.shape[1], tasks, ArchitectureSettings()
    )
    fit = fit_members(
        model,
        rows.inputs,
        {name: each.astype("float32") for name, each in labels.items()},
        TRAINING,
        rows=[scenario.train for scenario in scenarios],
        own=MemberSettings(numbers=[scenario.repeat for scenario in scenarios]),
    )
    found = []
    for member, scenario in zip(fit.members, scenarios, strict=True):
        outputs = member(rows.inputs[scenario.scored], training=False)
        shares = np.hstack([np.asarray(outputs[task.name]) for task in tasks])
        own = shares[np.arange(len(shares)), rows.hospitals[scenario.scored]]
        own = np.clip(own.astype(float), 1e-7, 1 - 1e-7)
        found.append(np.log(own / (1 - own)))
    return found


METHODS: dict[str, Method] = {
    "each hospital alone": alone,
    "pooled": pooled,
    "group-sparse": penalized(GroupSparse()),
    "mean-regularised": penalized(MeanRegularised(ridge=0.01)),
    "hierarchical-bayes": hierarchical,
    "kernel, half shared": kernel,
    "gaussian-process": gaussian_process,
}


def measure(
    rows: HospitalRows, scenarios: list[Scenario], scores: list[np.ndarray]
) -> dict[tuple[float, int], np.ndarray]:
    """Return AUC and log loss by share and hospital, (repeats, 2)."""
    found: dict[tuple[float, int], list[list[float]]] = {}
    for share in sorted({scenario.share for scenario in scenarios}):
        for repeat in sorted({scenario.repeat for scenario in scenarios}):
            # Over all folds, because some folds have almost no healthy patients.
            parts = [
                (scenario.scored, each)
                for scenario, each in zip(scenarios, scores, strict=True)
                if (scenario.share, scenario.repeat) == (share, repeat)
            ]
            places = np.concatenate([place for place, _ in parts])
            values = np.concatenate([value for _, value in parts])
            for hospital in range(len(rows.names)):
                here = rows.hospitals[places] == hospital
                labels, own = rows.labels[places[here]], values[here]
                loss = np.logaddexp(0.0, np.where(labels == 1, -own, own)).mean()
                pair = [float(roc_auc_score(labels, own)), float(loss)]
                found.setdefault((share, hospital), []).append(pair)
    return {key: np.array(each) for key, each in found.items()}


def print_table(
    rows: HospitalRows,
    share: float,
    measures: dict[str, dict[tuple[float, int], np.ndarray]],
) -> None:
    """Print the table of one share of labels."""
    print(f"\nOne hospital has {share:.0%} of its training labels:\n")
    print("| model | " + " | ".join(rows.names) + " | mean |")
    print("|---|" + "---|" * (len(rows.names) + 1))
    for name, found in measures.items():
        pairs = [found[share, hospital] for hospital in range(len(rows.names))]
        cells = [
            f"{pair[:, 0].mean():.3f} ± {pair[:, 0].std(ddof=1):.3f}, "
            f"{pair[:, 1].mean():.3f}"
            for pair in pairs
        ]
        auc, loss = np.mean(pairs, axis=(0, 1))
        print(f"| {name} | " + " | ".join(cells) + f" | {auc:.3f}, {loss:.3f} |")


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument(
        "--share", action="append", type=float, help="leave other shares out"
    )
    parser.add_argument(
        "--model", action="append", choices=[*METHODS, NETWORK], help="leave others out"
    )
    arguments = parser.parse_args()
    rows = load_hospitals()
    shares = tuple(arguments.share or SHARES)
    scenarios = make_scenarios(rows, arguments.repeats, arguments.folds, shares)
    measures, seconds = {}, {}
    for name in arguments.model or [*METHODS, NETWORK]:
        start = time.process_time()
        if name == NETWORK:
            scores = network_scores(rows, scenarios)
        else:
            # The matrices are small, and several threads would wait for each other.
            with threadpool_limits(1):
                scores = [METHODS[name](rows, each) for each in scenarios]
        seconds[name] = (time.process_time() - start) / len(scenarios)
        measures[name] = measure(rows, scenarios, scores)
    print(
        f"{len(scenarios)} fits per model: {arguments.repeats} repeats of "
        f"{arguments.folds} folds. AUC ± its standard deviation over the repeats, "
        "log loss."
    )
    for share in shares:
        print_table(rows, share, measures)
    print("\nCPU seconds per fit, with the choice of its strength:")
    print(", ".join(f"{name} {each:.2f}" for name, each in seconds.items()))


if __name__ == "__main__":
    main()
