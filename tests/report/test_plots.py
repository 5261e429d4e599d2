"""A run's pictures are there for each kind of task, whatever its rows are."""

import numpy as np
import pytest
from matplotlib.image import imread

from keras_mtl.report import write_plots
from keras_mtl.report.summary_plots import TASKS_WITH_PLOTS
from keras_mtl.tasks import (
    BinaryTask,
    MulticlassTask,
    MultilabelTask,
    RegressionTask,
)

ROWS = 80
GENERATOR = np.random.default_rng(0)
TASKS = (
    BinaryTask("sick"),
    MulticlassTask("stage", classes=("I", "II", "III")),
    RegressionTask("cost"),
    MultilabelTask("findings", labels=("fever", "cough")),
)
LABELS = {
    "sick": GENERATOR.integers(0, 2, ROWS).astype("float32"),
    "stage": GENERATOR.integers(0, 3, ROWS).astype("float32"),
    "cost": GENERATOR.normal(1000, 100, ROWS).astype("float32"),
    "findings": GENERATOR.integers(0, 2, (ROWS, 2)).astype("float32"),
}
OUTPUTS = {
    "sick": GENERATOR.uniform(size=(ROWS, 1)),
    "stage": GENERATOR.dirichlet([1, 1, 1], ROWS),
    "cost": GENERATOR.normal(1000, 100, (ROWS, 1)),
    "findings": GENERATOR.uniform(size=(ROWS, 2)),
}
HISTORY = {
    f"{prefix}{task.name}_loss": np.array([[1.0, 1.2], [0.5, 0.6], [0.4, np.nan]])
    for task in TASKS
    for prefix in ("", "val_")
}
CLASSIFIED = ("learning_curve", "roc", "precision_recall", "calibration")


def check_pictures(folder):
    for path in folder.iterdir():
        picture = imread(path)[..., :3]
        # Something is drawn, and nothing runs into the edge.
        assert picture.std() > 0.05
        assert np.all(picture[[0, -1]] == 1), path
        assert np.all(picture[:, [0, -1]] == 1), path


def test_each_task_has_its_pictures(tmp_path):
    write_plots(tmp_path / "plots", TASKS, HISTORY, LABELS, OUTPUTS)
    found = {path.stem for path in (tmp_path / "plots").iterdir()}
    assert found == {
        *[f"sick_{what}" for what in (*CLASSIFIED, "confusion")],
        *[f"stage_{what}" for what in (*CLASSIFIED, "confusion")],
        *[f"findings_{what}" for what in CLASSIFIED],
        "cost_learning_curve",
        "cost_predicted",
    }
    check_pictures(tmp_path / "plots")


def test_rows_without_labels_or_with_one_class_leave_pictures_out(tmp_path):
    labels = {name: np.full_like(values, np.nan) for name, values in LABELS.items()}
    labels["sick"] = np.ones(ROWS, "float32")
    write_plots(tmp_path / "plots", TASKS, HISTORY, labels, OUTPUTS)
    found = {path.stem for path in (tmp_path / "plots").iterdir()}
    assert found == {
        *[f"{task.name}_learning_curve" for task in TASKS],
        "sick_confusion",
    }


@pytest.mark.parametrize("classes", [2, 12, 30])
def test_many_classes_have_pictures_too(tmp_path, classes):
    task = MulticlassTask("t", classes=[f"a long class {i}" for i in range(classes)])
    labels = {"t": np.arange(ROWS * 2.0) % classes}
    outputs = {"t": GENERATOR.dirichlet(np.ones(classes), ROWS * 2)}
    history = {"t_loss": np.array([1.0, 0.5])}
    write_plots(tmp_path / "plots", (task,), history, labels, outputs)
    assert len(list((tmp_path / "plots").iterdir())) == 5
    check_pictures(tmp_path / "plots")


def test_few_rows_have_pictures_too(tmp_path):
    few = {name: values[:2] for name, values in LABELS.items()}
    few["sick"] = np.array([0.0, 1.0])
    outputs = {name: values[:2] for name, values in OUTPUTS.items()}
    write_plots(tmp_path / "plots", TASKS, HISTORY, few, outputs)
    assert (tmp_path / "plots" / "sick_roc.png").is_file()


@pytest.mark.slow
def test_many_tasks_are_drawn_together(tmp_path):
    names = [f"t{i}" for i in range(TASKS_WITH_PLOTS + 1)]
    tasks = tuple(BinaryTask(name) for name in names)
    history = {
        f"{prefix}{name}_loss": np.array([[1.0, 1.2], [0.5, np.nan]])
        for name in names
        for prefix in ("", "val_")
    }
    labels = dict.fromkeys(names, LABELS["sick"])
    outputs = dict.fromkeys(names, OUTPUTS["sick"])
    metrics = {
        name: {"auc": place / 30, "accuracy": 0.5} for place, name in enumerate(names)
    }
    write_plots(tmp_path / "many", tasks, history, labels, outputs, metrics)
    found = {path.name for path in (tmp_path / "many").iterdir()}
    assert found == {"learning_curves.png", "metrics.png"}
    check_pictures(tmp_path / "many")
    few = tasks[:TASKS_WITH_PLOTS]
    write_plots(tmp_path / "few", few, history, labels, outputs, metrics)
    assert len(list((tmp_path / "few").iterdir())) == 5 * TASKS_WITH_PLOTS
