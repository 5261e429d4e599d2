"""A head in closed form on a trained trunk."""

import numpy as np
import pytest

import keras_mtl
from keras_mtl.architectures import average_members, build_hard_sharing
from keras_mtl.tasks import (
    BinaryTask,
    MulticlassTask,
    MultilabelTask,
    RegressionTask,
)
from keras_mtl.transfer import head_posterior

ROWS = 30


@pytest.fixture
def rows():
    generator = np.random.default_rng(4)
    return generator.normal(size=(ROWS, 5)).astype("float32")


def test_the_model_is_the_trunk_and_a_layer_of_mean_weights(make_model, rows):
    trained = make_model()
    labels = 3.0 * rows[:, 0] + 10
    task = RegressionTask("cost", mean=10.0, scale=3.0)
    head = keras_mtl.bayesian_head(trained, task, rows, labels)
    features = head.model.get_layer("trunk").predict(rows, verbose=0)
    (posterior,), (prior,) = head.posteriors, head.priors
    expected = head_posterior(
        features,
        (labels - 10) / 3,
        prior.mean,
        prior.covariance,
        noise=prior.noise,
    )
    np.testing.assert_allclose(posterior.mean, expected.mean, rtol=1e-5)
    predicted = head.model.predict(rows, verbose=0)["cost"]
    np.testing.assert_allclose(
        predicted, 10 + 3 * posterior.predict(features), rtol=1e-3, atol=1e-3
    )
    # In the label's unit.
    np.testing.assert_allclose(
        head.variance(rows), 9 * posterior.variance(features), rtol=1e-6
    )


@pytest.mark.parametrize(
    ("task", "labels"),
    [
        (BinaryTask("relapse"), np.array(["no", "yes"] * 15)),
        (MulticlassTask("stage", classes=("a", "b", "c")), np.array([0, 1, 2] * 10)),
    ],
)
def test_classes_are_predicted(make_model, rows, task, labels):
    head = keras_mtl.bayesian_head(make_model(), task, rows, labels)
    outputs = head.model.predict(rows, verbose=0)[task.name]
    assert outputs.shape == (ROWS, task.units)
    assert ((outputs > 0) & (outputs < 1)).all()
    assert head.variance(rows).shape == (ROWS, task.units)


def test_the_prior_comes_from_tasks_of_the_same_sort(make_model, rows):
    trained = make_model()
    generator = np.random.default_rng(0)
    source = generator.normal(size=(200, 5)).astype("float32")
    sick = (source[:, 0] > 0).astype("float32")
    task, labels = BinaryTask("relapse"), (rows[:, 0] > 0).astype("float32")
    few = np.where(np.arange(ROWS) < 6, labels, np.nan)
    alone = keras_mtl.bayesian_head(trained, task, rows, few)
    helped = keras_mtl.bayesian_head(
        trained, task, rows, few, source, {"sick": sick, "age": source[:, 1]}
    )

    def log_loss(head):
        share = head.model.predict(rows, verbose=0)["relapse"][:, 0]
        chosen = np.where(labels == 1, share, 1 - share)
        return -np.log(np.clip(chosen, 1e-7, 1)).mean()

    # The same question with 200 labels is known before the first new label.
    assert log_loss(helped) < log_loss(alone)
    assert helped.priors[0].mean[0] != 0


def test_more_labels_leave_less_variance(make_model, rows):
    trained = make_model()
    labels = rows[:, 0] + 0.1 * rows[:, 1]
    variances = []
    for count in (5, 30):
        known = np.where(np.arange(ROWS) < count, labels, np.nan)
        head = keras_mtl.bayesian_head(trained, RegressionTask("age2"), rows, known)
        (posterior,) = head.posteriors
        variances.append((head.variance(rows) - posterior.noise).mean())
    assert variances[1] < variances[0]


def test_members_have_heads_of_their_own(make_model, rows):
    trained = average_members([make_model(seed=seed) for seed in range(2)])
    task = BinaryTask("relapse")
    labels = (rows[:, 0] > 0).astype("float32")
    head = keras_mtl.bayesian_head(trained, task, rows, labels)
    first, second = head.posteriors
    assert not np.allclose(first.mean, second.mean)
    outputs = [
        1 / (1 + np.exp(-posterior.predict(trunk.predict(rows, verbose=0))))
        for posterior, trunk in zip(
            head.posteriors, keras_mtl.transfer.trunk.trunks(head.model), strict=True
        )
    ]
    np.testing.assert_allclose(
        head.model.predict(rows, verbose=0)["relapse"],
        np.mean(outputs, axis=0),
        rtol=1e-3,
        atol=1e-4,
    )


def test_a_task_without_a_closed_form_is_refused(rows):
    trained = build_hard_sharing(5, [BinaryTask("sick")])
    task = MultilabelTask("symptoms", labels=("fever", "cough"))
    with pytest.raises(ValueError, match="binary, multi-class or regression"):
        keras_mtl.bayesian_head(trained, task, rows, np.ones((ROWS, 2)))
