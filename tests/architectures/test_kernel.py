"""The kernel architecture: what it solves for is what its model answers."""

import numpy as np
import pytest

from keras_mtl.architectures import SolvedRows, build_architecture
from keras_mtl.architectures.kernel_settings import KernelSettings
from keras_mtl.errors import UserError
from keras_mtl.kernels import KernelModel
from keras_mtl.tasks import BinaryTask, RegressionTask


@pytest.mark.parametrize("kernel", ["linear", "rbf"])
def test_the_model_answers_like_the_estimator(kernel):
    generator = np.random.default_rng(0)
    x = generator.normal(size=(50, 3))
    labels = {"sick": (x[:, 0] > 0) * 1.0, "cost": 5 + 3 * np.sin(x[:, 1])}
    labels["cost"][::4] = np.nan
    chosen = {"strength": 0.01, "length_scale": 1.5, "sharing": 0.5}
    settings = KernelSettings(kernel=kernel, **chosen)
    tasks = [BinaryTask("sick"), RegressionTask("cost").learn(labels["cost"])]
    model = settings.model_for(build_architecture("kernel", 3, tasks), len(x))
    # The builder's own settings are RBF; the rows' model has the chosen kernel.
    assert model.get_layer("kernel").kernel == kernel
    ones = dict.fromkeys(labels, np.ones(50))
    rows = SolvedRows(x, labels, ones, np.zeros(50, int), [*"abc"])
    solution = settings.solve(model, rows)
    estimator = KernelModel(kernel=kernel, kinds={"sick": "binary"}, **chosen)
    estimator.fit(x, labels)
    answers = model(x.astype("float32"))
    np.testing.assert_allclose(
        answers["sick"], estimator.predict_proba(x)["sick"][:, 1:], atol=1e-5
    )
    np.testing.assert_allclose(
        np.ravel(answers["cost"]), estimator.predict(x)["cost"], atol=1e-4
    )
    assert solution.facts["support_rows"] == 50
    assert solution.facts["approximation"] == "exact"
    assert solution.task_covariance[0, 1] == 0.5


def test_settings_that_cannot_serve_are_refused():
    with pytest.raises(UserError, match="strength"):
        build_architecture("kernel:strength=-1", 3, [BinaryTask("sick")])
