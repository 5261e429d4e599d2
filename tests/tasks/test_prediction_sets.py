"""Sets of a task are those of the conformal functions, in files and in the graph."""

import numpy as np
import pytest
import tensorflow as tf

from keras_mtl.evaluation import (
    ClassSets,
    class_scores,
    conformal_quantile,
    residual_scores,
)
from keras_mtl.runs.set_quantiles import find_quantiles
from keras_mtl.tasks import (
    BinaryTask,
    MulticlassTask,
    MultilabelTask,
    RegressionTask,
)

GENERATOR = np.random.default_rng(0)
ROWS = 6000


def draw_classes(units):
    shares = GENERATOR.dirichlet(np.full(units, 0.7), ROWS)
    labels = np.array([GENERATOR.choice(units, p=each) for each in shares], "float32")
    return labels, shares.astype("float32")


def make(kind):
    """Returns a task, labels that its outputs predict, and the outputs."""
    if kind == "binary":
        labels, shares = draw_classes(2)
        return BinaryTask("heart"), labels, shares[:, 1:]
    if kind == "multiclass":
        return MulticlassTask("thal", classes=("a", "b", "c")), *draw_classes(3)
    if kind == "multilabel":
        outputs = GENERATOR.uniform(size=(ROWS, 2)).astype("float32")
        labels = (GENERATOR.uniform(size=(ROWS, 2)) < outputs).astype("float32")
        return MultilabelTask("findings", labels=("f", "g")), labels, outputs
    center = GENERATOR.normal(50, 10, (ROWS, 1)).astype("float32")
    labels = (center[:, 0] + GENERATOR.normal(0, 3, ROWS)).astype("float32")
    return RegressionTask("age"), labels, center


@pytest.fixture(params=["binary", "multiclass", "multilabel", "regression"])
def case(request):
    return make(request.param)


@pytest.mark.parametrize("coverage", [0.8, 0.95])
def test_new_rows_are_covered_as_stated(case, coverage):
    task, labels, outputs = case
    rule = task.prediction_set_rule()
    learn, new = slice(0, 3000), slice(3000, None)
    scores = {task.name: rule.scores(labels[learn], outputs[learn])}
    quantiles, of = find_quantiles(scores, coverage, joint=False)
    held = rule.holds(labels[new], outputs[new], quantiles[task.name])
    assert of == "the task"
    # Four standard errors of both halves; sets that are never empty may hold more.
    assert held.mean() > coverage - 0.03
    if task.kind == "regression":
        assert held.mean() < coverage + 0.03
    assert (rule.scores(labels[new], outputs[new]) <= quantiles[task.name]).mean() == (
        pytest.approx(coverage, abs=0.03)
    )


@pytest.mark.parametrize("quantile", [0.05, 0.4, 0.8])
def test_the_graph_gives_what_the_file_has(case, quantile):
    task, _, outputs = case
    task = task.replace(set_coverage=0.9, set_quantile=quantile)
    columns = task.decode_sets(outputs)
    served = tf.function(task.serve_sets)(tf.constant(outputs))
    if task.kind == "multilabel":
        (values,) = served.values()
        served = {name: values[:, index] for index, name in enumerate(columns)}
    assert list(served) == list(columns)
    for name, values in columns.items():
        assert name.startswith(f"{task.name}_")
        got = served[name].numpy()
        if values.dtype == object:
            assert [each.decode() for each in got] == values.tolist()
        else:
            np.testing.assert_allclose(got, values, rtol=1e-6)


def test_without_a_quantile_there_are_no_sets(case):
    task, _, outputs = case
    assert task.decode_sets(outputs) == {}
    assert task.serve_sets(tf.constant(outputs)) == {}
    assert "set_quantile" not in task.metadata()


@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_classes_are_scored_and_held_as_by_the_functions(kind):
    task, labels, outputs = make(kind)
    labels[::5] = np.nan
    rule = task.prediction_set_rule()
    scores = rule.scores(labels, outputs)
    np.testing.assert_allclose(scores, class_scores(labels, outputs), atol=1e-7)
    quantile = conformal_quantile(scores, 0.9)
    inside = ClassSets(quantile, 0.9, "lac", ROWS).contains(outputs)
    sets = rule.decode(outputs, quantile)[f"{task.name}_set"]
    expected = ["|".join(np.asarray(task.class_names)[row]) for row in inside]
    assert np.mean(sets == np.asarray(expected, object)) > 0.999
    np.testing.assert_array_equal(
        rule.sizes(outputs, quantile), [len(each.split("|")) for each in sets]
    )


@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_the_row_that_the_quantile_is_of_is_in_its_set(kind):
    task, labels, outputs = make(kind)
    rule = task.prediction_set_rule()
    scores = rule.scores(labels, outputs)
    for quantile in np.quantile(scores, [0.5, 0.8, 0.9], method="higher"):
        at = scores == quantile
        assert rule.holds(labels[at], outputs[at], quantile).all()


def test_numbers_are_scored_as_by_the_function():
    task, labels, outputs = make("regression")
    scores = task.prediction_set_rule().scores(labels, outputs)
    np.testing.assert_allclose(scores, residual_scores(labels, outputs))


def test_a_row_with_a_label_missing_has_no_score():
    task, labels, outputs = make("multilabel")
    labels[0, 1] = np.nan
    rule = task.prediction_set_rule()
    scores = rule.scores(labels, outputs)
    assert np.isnan(scores).tolist() == [True] + [False] * (ROWS - 1)
    assert not rule.holds(labels, outputs, 0.99)[0]
    assert rule.decode(np.float32([[0.9, 0.5]]), 0.2)["findings_set[g]"] == ["no|yes"]


def test_the_labels_of_a_row_are_held_together():
    cases = [make(kind) for kind in ("binary", "multiclass", "regression")]
    learn, new = slice(0, 3000), slice(3000, None)
    scores = {
        task.name: task.prediction_set_rule().scores(labels[learn], outputs[learn])
        for task, labels, outputs in cases
    }

    def held_together(joint):
        quantiles, _ = find_quantiles(scores, 0.9, joint)
        return np.mean(
            [
                task.prediction_set_rule().scores(labels[new], outputs[new])
                <= quantiles[task.name]
                for task, labels, outputs in cases
            ],
            axis=0,
        )

    assert (held_together(True) == 1).mean() == pytest.approx(0.9, abs=0.03)
    # Each alone at 0.9, all three are held less often.
    assert (held_together(False) == 1).mean() < 0.8


def test_heart_patients_are_covered_in_cross_validation():
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import KFold, cross_val_predict

    from keras_mtl.datasets import load_heart_disease

    frame = load_heart_disease()
    features = frame[["age", "trestbps", "chol", "thalach", "oldpeak"]]
    inputs = features.fillna(features.median()).to_numpy()
    inputs = (inputs - inputs.mean(axis=0)) / inputs.std(axis=0)
    labels = (frame["num"] > 0).to_numpy("float32")
    rule = BinaryTask("heart").prediction_set_rule()
    held = []
    outer = KFold(5, shuffle=True, random_state=0)
    for fold, (train, test) in enumerate(outer.split(inputs)):
        model = LogisticRegression()
        folds = KFold(5, shuffle=True, random_state=fold)
        outputs = cross_val_predict(
            model, inputs[train], labels[train], cv=folds, method="predict_proba"
        )
        scores = rule.scores(labels[train], outputs[:, 1:])
        quantile = conformal_quantile(scores, 0.9)
        model.fit(inputs[train], labels[train])
        own = model.predict_proba(inputs[test])[:, 1:].astype("float32")
        held += rule.holds(labels[test], own, quantile).tolist()
    assert np.mean(held) == pytest.approx(0.9, abs=0.03)


def test_a_task_may_not_be_named_like_a_set():
    from keras_mtl.tasks.names import check_task_names

    for name in ("age_low", "age_high", "age_set"):
        (message,) = check_task_names(["age", name])
        assert "does not use for its own" in message


def test_intervals_of_numbers_with_deviations_are_multiples_of_them():
    task = RegressionTask("age", has_deviations=True)
    outputs = np.array([[60.0, 2.0], [40.0, 5.0]])
    rule = task.prediction_set_rule()
    quantile = rule.own_quantile(0.95)
    assert quantile == pytest.approx(1.959964, rel=1e-6)
    found = rule.decode(outputs, quantile)
    np.testing.assert_allclose(
        found["age_low"], outputs[:, 0] - 1.96 * outputs[:, 1], rtol=1e-5
    )
    np.testing.assert_allclose(rule.sizes(outputs, 2.0), [8.0, 20.0])
    labels = np.array([63.0, np.nan])
    np.testing.assert_allclose(rule.scores(labels, outputs), [1.5, np.nan])
    served = rule.serve(tf.constant(outputs), quantile)
    for name, each in found.items():
        np.testing.assert_allclose(served[name], each)
    assert task.decode(outputs)["age_deviation"].tolist() == [2.0, 5.0]
    assert task.measure(np.array([60.0, 41.0]), outputs)["mae"] == 0.5
    assert task.metadata()["has_deviations"]
    # Of numbers without deviations nothing is known before there are rows.
    assert RegressionTask("age").prediction_set_rule().own_quantile(0.95) is None
