"""Notebooks show models and fits as small tables, with names as text."""

import numpy as np

from keras_mtl import BinaryTask, NumericFeature, build_hard_sharing
from keras_mtl.tasks import MulticlassTask
from keras_mtl.training import TrainingSettings, fit_members

MARKUP = "<script>alert(1)</script>"


def test_a_model_shows_its_tasks():
    tasks = [BinaryTask("sick"), MulticlassTask("stage", classes=("I", MARKUP))]
    model = build_hard_sharing([NumericFeature("age", missing_share=0.0)], tasks)
    text = model._repr_html_()
    assert "2 tasks from 1 features" in text
    assert f"{model.count_params():,} parameters" in text
    assert "<script" not in text
    assert "I, &lt;script&gt;" in text


def test_a_fit_shows_the_losses_of_the_epochs_whose_weights_members_have():
    model = build_hard_sharing(2, [BinaryTask("sick")], trunk=(4,))
    x = np.random.default_rng(0).normal(size=(64, 2)).astype("float32")
    settings = TrainingSettings(members=3, epochs=2)
    fit = fit_members(model, x, {"sick": (x[:, 0] > 0).astype("float32")}, settings)
    text = fit._repr_html_()
    assert text.count("<tr>") == 4
    for member in range(3):
        loss = fit.history["sick_loss"][fit.epochs[member] - 1, member]
        assert f"<td>{loss:.4g}</td>" in text
