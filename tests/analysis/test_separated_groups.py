"""Gates give tasks that need different experts different ones."""

import keras
import numpy as np
import pytest

import keras_mtl as km
from keras_mtl.analysis import expert_use, gate_overlaps
from keras_mtl.architectures import build_architecture
from keras_mtl.datasets import related_task_values
from keras_mtl.training import TrainingSettings, fit_members

ROWS, SEEDS = 1500, 5


def grouped_tasks(names):
    """Tasks of two groups: one function for those of a, another for those of b."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=(ROWS, 8))
    truth = {
        group: related_task_values(x, tasks=1, related=1.0, seed=seed)[:, 0]
        for group, seed in (("a", 100), ("b", 200))
    }
    labels = {
        name: (truth[name[0]] + 0.3 * generator.normal(size=ROWS)).astype("float32")
        for name in names
    }
    return x.astype("float32"), labels


@pytest.mark.slow
@pytest.mark.parametrize(
    ("architecture", "names", "width", "least", "members"),
    [
        ("mmoe:experts=4", ("a1", "a2", "b1", "b2"), 4, 0.1, 4),
        # Own experts serve a task as well: many tasks need what is shared.
        (
            "ple:levels=1,shared_experts=4",
            ("a1", "a2", "a3", "a4", "b1", "b2", "b3", "b4"),
            4,
            0.02,
            4,
        ),
        # A choice that has been made is kept: some seeds do not find the best one.
        ("dselect-k:experts=4", ("a1", "a2", "b1", "b2"), 16, 0.2, 3),
    ],
)
def test_two_groups_of_tasks_read_different_experts(
    architecture, names, width, least, members
):
    x, labels = grouped_tasks(names)
    keras.utils.set_random_seed(0)
    model = build_architecture(
        architecture,
        8,
        tuple(km.RegressionTask(name) for name in names),
        km.ArchitectureSettings(trunk=(width,)),
    )
    settings = TrainingSettings(
        members=SEEDS, epochs=50, batch_size=64, learning_rate=0.015
    )
    fit = fit_members(model, x, labels, settings)
    separations = []
    for member in fit.members:
        overlaps = gate_overlaps(expert_use(member, x))
        overlaps = overlaps[overlaps["task"] != "shared"]
        is_one_group = overlaps["task"].str[0] == overlaps["other"].str[0]
        means = overlaps["overlap"].groupby(is_one_group).mean()
        separations.append(means[True] - means[False])
    # Two tasks of a group read the same experts more than two of different groups.
    assert np.mean(separations) > least
    assert sum(each > 0 for each in separations) >= members
