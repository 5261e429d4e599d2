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
from keras_mtl.transfer import fit_head_prior, head_posterior
from keras_mtl.transfer.closed_form_head import member_posterior
from keras_mtl.transfer.prior import HeadLabels

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


def test_tasks_with_many_labels_help_a_task_like_them(rows):
    """Six tasks ask the new task's question, of 300 rows with noise each."""
    names = [f"question{number}" for number in range(6)]
    trained = build_hard_sharing(5, [BinaryTask(name) for name in names], trunk=(8,))
    generator = np.random.default_rng(0)
    source = generator.normal(size=(300, 5)).astype("float32")
    noise = generator.normal(0, 0.5, size=(6, 300))
    asked = {
        name: (source[:, 0] + each > 0).astype("float32")
        for name, each in zip(names, noise, strict=True)
    }
    task, labels = BinaryTask("relapse"), (rows[:, 0] > 0).astype("float32")

    def log_loss(few, *sources):
        head = keras_mtl.bayesian_head(trained, task, rows, few, *sources)
        share = head.model.predict(rows, verbose=0)["relapse"][:, 0]
        chosen = np.where(labels == 1, share, 1 - share)
        return -np.log(np.clip(chosen, 1e-7, 1)).mean()

    alone, helped = [], []
    for draw in range(3):
        order = np.random.default_rng(draw).permutation(ROWS)
        few = np.full(ROWS, np.nan)
        few[order[:6]] = labels[order[:6]]
        alone.append(log_loss(few))
        helped.append(log_loss(few, source, asked))
    assert np.mean(helped) < 0.8 * np.mean(alone)


def test_the_prior_is_the_one_that_foresees_the_new_labels():
    """Of the learned prior and that of equal variances, the better one is taken."""
    generator = np.random.default_rng(0)
    source = generator.normal(size=(300, 2))
    slopes = generator.normal(3.0, 0.3, size=6)
    errors = 0.1 * generator.normal(size=(6, 300))
    sources = [
        HeadLabels(source[:, 0] * slope + error)
        for slope, error in zip(slopes, errors, strict=True)
    ]
    features = generator.normal(size=(20, 2))
    noise = 0.1 * generator.normal(size=20)
    for column in (0, 1):
        new = HeadLabels(3.0 * features[:, column] + noise)
        prior, posterior = member_posterior(features, new, source, sources)
        if column == 0:
            # The question of the sources.
            assert prior.mean[0] > 1
        others = [
            fit_head_prior(source, sources),
            fit_head_prior(features, [new], further_tasks=np.inf),
        ]
        evidences = [each.posterior(features, new).log_evidence for each in others]
        assert posterior.log_evidence == pytest.approx(max(evidences))


def test_intervals_of_few_labels_hold_as_many_new_ones_as_they_say():
    """Without the noise's uncertainty, intervals of 90% held 79% of the labels."""
    generator = np.random.default_rng(0)
    held = []
    for _ in range(40):
        weights = 0.5 * generator.normal(size=4)
        features = generator.normal(size=(205, 4))
        labels = features @ weights + generator.normal(size=205)
        few = labels[:5]
        standard = (labels - few.mean()) / few.std()
        _, posterior = member_posterior(
            features[:5], HeadLabels(standard[:5]), None, []
        )
        errors = standard[5:] - posterior.predict(features[5:])[:, 0]
        deviations = np.sqrt(posterior.variance(features[5:])[:, 0])
        held.append((np.abs(errors) < 1.645 * deviations).mean())
    assert 0.88 < np.mean(held) < 0.98


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
