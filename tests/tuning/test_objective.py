"""What trials are compared by."""

import numpy as np
import pytest

from keras_mtl.errors import UserError
from keras_mtl.tasks import (
    BinaryTask,
    MulticlassTask,
    MultilabelTask,
    RegressionTask,
)
from tuning.objective import (
    choose_objective,
    choose_objectives,
    objectives,
    validation_metrics,
)

TASKS = (
    MulticlassTask("thal", classes=("a", "b", "c")),
    BinaryTask("heart"),
    MultilabelTask("signs", labels=("fever", "cough")),
    RegressionTask("age"),
)
LABELS = {
    "thal": np.array([0.0, 1.0, 2.0, np.nan]),
    "heart": np.array([0.0, 1.0, 1.0, 0.0]),
    "signs": np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [np.nan, 0.0]]),
    "age": np.array([40.0, 50.0, np.nan, 70.0]),
}


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.kind)
def test_every_measure_of_every_kind_has_a_direction(task):
    outputs = np.full((4, task.units), 1 / task.units)
    assert {*task.measure(LABELS[task.name], outputs)} <= {
        *task.metric_directions,
        "rows",
    }


@pytest.mark.parametrize(
    ("name", "direction"),
    [
        ("val_loss", "min"),
        ("val_heart_auc", "max"),
        ("val_heart_balanced_accuracy", "max"),
        ("val_thal_log_loss", "min"),
        ("val_signs_subset_accuracy", "max"),
        ("val_age_loss", "min"),
        ("val_age_r2", "max"),
    ],
)
def test_an_objective_comes_with_its_direction(name, direction):
    assert choose_objective(name, TASKS, LABELS).direction == direction


def test_the_objectives_are_what_a_trial_measures():
    outputs = {task.name: np.full((4, task.units), 0.4) for task in TASKS}
    losses = {task.name: 1.0 for task in TASKS}
    metrics = validation_metrics(TASKS, LABELS, outputs, losses)
    assert list(metrics) == list(objectives(TASKS, LABELS))


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("val_hart_auc", "val_heart_auc"), ("heart_auc", "val_heart_auc")],
)
def test_a_misspelt_objective_is_told_with_the_nearest_and_all_others(name, nearest):
    with pytest.raises(UserError) as caught:
        choose_objective(name, TASKS, LABELS)
    (message,) = caught.value.messages
    assert f"received {name!r}. Did you mean {nearest!r}?" in message
    assert "val_loss (min), val_thal_loss (min), val_thal_accuracy (max)" in message


def test_a_measure_that_the_rows_do_not_define_is_no_objective():
    labels = {**LABELS, "heart": np.array([0.0, 0.0, np.nan, 0.0])}
    with pytest.raises(UserError, match="received 'val_heart_auc'"):
        choose_objective("val_heart_auc", TASKS, labels)


def test_a_task_named_like_the_start_of_another_keeps_its_measures():
    tasks = [BinaryTask("heart"), BinaryTask("heart_late")]
    labels = {task.name: np.array([0.0, 1.0]) for task in tasks}
    assert {"val_heart_auc", "val_heart_late_auc"} <= {*objectives(tasks, labels)}


def test_the_joint_loss_weighs_the_tasks_losses():
    tasks = [BinaryTask("a", loss_weight=0.5), BinaryTask("b", loss_weight=3.0)]
    labels = {name: np.array([0.0, 1.0]) for name in "ab"}
    outputs = {name: np.full((2, 1), 0.5) for name in "ab"}
    metrics = validation_metrics(tasks, labels, outputs, {"a": 2.0, "b": 4.0})
    assert metrics["val_loss"] == 0.5 * 2.0 + 3.0 * 4.0
    assert (metrics["val_a_loss"], metrics["val_b_loss"]) == (2.0, 4.0)


def test_auxiliary_tasks_are_measured_and_not_in_the_joint_loss():
    tasks = [BinaryTask("heart"), RegressionTask("age", auxiliary=True)]
    outputs = {name: np.full((4, 1), 0.5) for name in ("heart", "age")}
    found = validation_metrics(tasks, LABELS, outputs, {"heart": 0.25, "age": 2.0})
    assert found["val_loss"] == 0.25
    assert found["val_age_loss"] == 2.0


def test_a_sum_weighs_metrics_that_improve_on_the_same_side():
    text = "val_thal_auc + 2 * val_heart_auc"
    objective = choose_objective(text, TASKS, LABELS)
    assert (objective.name, objective.direction) == (text, "max")
    metrics = {"val_thal_auc": 0.5, "val_heart_auc": 0.75}
    assert objective.value(metrics) == 2.0
    assert objective.cost(metrics) == -2.0
    assert np.isnan(objective.value({"val_thal_auc": 0.5}))


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("val_thal_auc + val_loss", "improve on the same side"),
        ("val_thal_auc + 2 * val_hart_auc", "Did you mean 'val_heart_auc'?"),
        ("-1 * val_thal_auc", "factors above 0"),
        ("val_thal_auc + ", "received ''"),
    ],
)
def test_a_sum_that_means_nothing_is_refused(text, part):
    with pytest.raises(UserError) as caught:
        choose_objective(text, TASKS, LABELS)
    assert part in str(caught.value)


def test_all_wrong_objectives_are_told_at_once():
    with pytest.raises(UserError) as caught:
        choose_objectives(["val_a", "val_gain", "val_b"], TASKS, LABELS)
    assert len(caught.value.messages) == 2
