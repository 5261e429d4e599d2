"""The Gaussian process architecture: its model answers what the estimator does."""

import numpy as np
import pytest

from keras_mtl.architectures import SolvedRows, build_architecture
from keras_mtl.architectures.gaussian_process_settings import GaussianProcessSettings
from keras_mtl.errors import UserError
from keras_mtl.kernels import GaussianProcessModel
from keras_mtl.tasks import BinaryTask, MulticlassTask, RegressionTask


def make_rows(count=50):
    generator = np.random.default_rng(0)
    x = generator.normal(size=(count, 3))
    labels = {
        "sick": (x[:, 0] + 0.5 * generator.normal(size=count) > 0) * 1.0,
        "cost": 5 + 3 * np.sin(x[:, 1]),
        "kind": np.digitize(x[:, 0], [-0.5, 0.5]) * 1.0,
    }
    labels["cost"][::4] = np.nan
    labels["kind"][1::4] = np.nan
    return x, labels


def solve(settings, x, labels):
    tasks = [
        BinaryTask("sick"),
        RegressionTask("cost").learn(labels["cost"]),
        MulticlassTask("kind", classes=("p", "q", "r")),
    ]
    ones = dict.fromkeys(labels, np.ones(len(x)))
    rows = SolvedRows(x, labels, ones, np.zeros(len(x), int), [*"abc"])
    built = build_architecture("gaussian-process", 3, tasks)
    return settings.solve_model(built, rows)


@pytest.mark.parametrize("rank", [None, 30])
def test_the_model_answers_like_the_estimator(rank):
    x, labels = make_rows()
    settings = GaussianProcessSettings(
        automatic_relevance=True, iterations=8, rank=rank
    )
    model, solution = solve(settings, x, labels)
    kinds = {"sick": "binary", "kind": "multiclass"}
    estimator = GaussianProcessModel(
        automatic_relevance=True, iterations=8, rank=rank, kinds=kinds
    ).fit(x, labels)
    answers = model(x.astype("float32"))
    chances = estimator.predict_proba(x)
    # The model's variances may be a little too large.
    np.testing.assert_allclose(answers["sick"], chances["sick"][:, 1:], atol=1e-3)
    np.testing.assert_allclose(answers["kind"], chances["kind"], atol=1e-3)
    means, variances = estimator.predict(x, return_variance=True)
    cost = np.asarray(answers["cost"])
    np.testing.assert_allclose(cost[:, 0], means["cost"], atol=1e-3)
    np.testing.assert_allclose(cost[:, 1], np.sqrt(variances["cost"]), rtol=0.01)
    assert model.task("cost").has_deviations
    facts = solution.facts
    assert facts["support_rows"] == (rank or 50)
    assert facts["approximation"] == ("Nystroem" if rank else "exact")
    assert [*facts["length_scales"]] == [*"abc"]
    assert "noise" in facts["variances"]["cost"]
    assert "noise" not in facts["variances"]["sick"]
    np.testing.assert_allclose(solution.task_covariance, estimator.task_covariance_)


@pytest.mark.parametrize("setting", ["factors=0", "rank=-1", "automatic_relevance=x"])
def test_settings_that_cannot_serve_are_refused(setting):
    with pytest.raises(UserError, match=setting.partition("=")[0]):
        build_architecture(f"gaussian-process:{setting}", 3, [BinaryTask("sick")])


def test_very_many_outputs_are_refused():
    tasks = [RegressionTask(f"task_{index}") for index in range(51)]
    (message,) = GaussianProcessSettings().check_resolved_tasks(tasks)
    assert "at most 50 outputs" in message
    assert GaussianProcessSettings().check_resolved_tasks(tasks[:50]) == []
