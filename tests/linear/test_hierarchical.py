"""Hierarchical Bayes: EM, its two ends, its closed form, and tasks that borrow."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from keras_mtl.linear import (
    HierarchicalBayesModel,
    IndependentModel,
    LinearTask,
    fit_hierarchical,
)

WIDTH = 4


def made_tasks(loss="squared", counts=(40, 30, 20, 10), apart=0.5, seed=0, width=WIDTH):
    """Tasks whose rows follow each other, with what their scores are."""
    generator = np.random.default_rng(seed)
    tasks_of = np.repeat(np.arange(len(counts)), counts)
    features = generator.normal(size=(len(tasks_of), width))
    mean = generator.normal(size=width + 1)
    weights = mean + apart * generator.normal(size=(len(counts), width + 1))
    scores = np.sum(features * weights[tasks_of, :-1], axis=1) + weights[tasks_of, -1]
    noise = generator.normal(size=len(scores))
    labels = scores + 0.5 * noise
    if loss == "logistic":
        labels = (generator.random(len(scores)) < 1 / (1 + np.exp(-scores))) * 1.0
    tasks = [
        LinearTask(loss, labels[:, None], (tasks_of == task) / count)
        for task, count in enumerate(counts)
    ]
    return features, tasks, tasks_of, labels


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"covariance": "full"},
        {"further_tasks": 0.0},
        {"variance": 0.1},
        {"variance": 0.0},
    ],
)
def test_the_marginal_likelihood_never_falls(settings):
    features, tasks, *_ = made_tasks()
    found = fit_hierarchical(features, tasks, steps=60, **settings)
    objectives = np.array(found.priors[0].objectives)
    assert len(objectives) > 3
    assert (np.diff(objectives) > -1e-8 * np.abs(objectives[:-1])).all()
    assert objectives[-1] > objectives[0]


def test_the_likelihood_and_the_answers_are_those_of_the_joint_gaussian():
    """Labels are one Gaussian once the weights and their mean are integrated out."""
    features, tasks, tasks_of, labels = made_tasks()
    found = fit_hierarchical(features, tasks, variance=0.3, steps=3)
    prior = found.priors[0].prior
    typical = np.array([1 / WIDTH] * WIDTH + [1.0])
    # The objective follows the last step, and so does the scale of the mean.
    variances = typical * np.array([prior.mean_scale] * WIDTH + [1.0])
    standard = (features - found.means) / found.scales
    design = np.column_stack([standard, np.ones(len(standard))])
    same = tasks_of[:, None] == tasks_of
    shared, own = design @ (variances[:, None] * design.T), 0.3 * design @ design.T
    covariance = shared + same * own + np.diag(found.noise[tasks_of])
    _, volume = np.linalg.slogdet(covariance)
    answers = np.linalg.solve(covariance, labels)
    expected = -0.5 * (len(labels) * np.log(2 * np.pi) + volume + labels @ answers)
    density = -0.5 * (np.log(prior.mean_scale) + 1 / prior.mean_scale)
    assert found.priors[0].objectives[-1] == pytest.approx(expected + density)
    # The same Gaussian predicts every task's label of new rows.
    new = np.random.default_rng(1).normal(size=(6, WIDTH))
    rows = np.column_stack([(new - found.means) / found.scales, np.ones(6)])
    means = new @ found.weights + found.intercepts
    spreads = found.variances(new)
    for task in range(4):
        across = rows @ (variances[:, None] * design.T)
        across = across + (tasks_of == task) * (0.3 * rows @ design.T)
        np.testing.assert_allclose(means[:, task], across @ answers, rtol=1e-8)
        alone = np.sum(rows**2 * (variances + 0.3), axis=1) + found.noise[task]
        left = alone - np.sum(across * np.linalg.solve(covariance, across.T).T, axis=1)
        # The noise is learned, which makes it Student's t.
        factor = found.posteriors[task].noise / found.noise[task]
        np.testing.assert_allclose(spreads[:, task], left * factor, rtol=1e-8)


@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_without_variance_between_tasks_they_are_one(loss):
    features, tasks, tasks_of, labels = made_tasks(loss)
    found = fit_hierarchical(features, tasks, variance=0.0, tolerance=1e-10)
    weights = np.hstack([each.mean for each in found.posteriors])
    np.testing.assert_allclose(weights, weights[:, :1] * np.ones(4))
    assert (found.shrinkage == 1.0).all()
    prior = found.priors[0].prior
    typical = 1.0 if loss == "squared" else 4.0
    variances = np.array([prior.mean_scale / WIDTH] * WIDTH + [1.0]) * typical
    standard = (features - found.means) / found.scales
    design = np.column_stack([standard, np.ones(len(standard))])
    if loss == "squared":
        counts = 1 / found.noise[tasks_of]
        gram = design.T @ (counts[:, None] * design) + np.diag(1 / variances)
        expected = np.linalg.solve(gram, design.T @ (counts * labels))
    else:
        # Features of these units have weights of the variance 1.
        scaled = design * np.sqrt(variances)
        model = LogisticRegression(fit_intercept=False, tol=1e-10, max_iter=1000)
        expected = model.fit(scaled, labels).coef_[0] * np.sqrt(variances)
    np.testing.assert_allclose(weights[:, 0], expected, rtol=1e-4)


@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_with_a_very_large_variance_each_task_is_alone(loss):
    features, tasks, tasks_of, labels = made_tasks(loss, counts=(90, 80, 70))
    found = fit_hierarchical(features, tasks, variance=1e6)
    for task in range(3):
        rows, known = features[tasks_of == task], labels[tasks_of == task]
        design = np.column_stack([rows, np.ones(len(rows))])
        if loss == "squared":
            expected = np.linalg.lstsq(design, known)[0]
        else:
            model = LogisticRegression(C=1e6, fit_intercept=False, tol=1e-10)
            expected = model.fit(design, known).coef_[0]
        if loss == "squared":
            # The degrees of freedom of least squares: the rows less the weights.
            freedom = len(rows) - (WIDTH + 1)
            factor = found.posteriors[task].noise / found.noise[task]
            assert factor == pytest.approx(freedom / (freedom - 2), rel=1e-4)
        # What is served of classes is a little less certain.
        factor = found.moderation[task]
        assert factor == 1.0 if loss == "squared" else 0.5 < factor < 1.0
        weights, intercept = found.weights[:, task], found.intercepts[task]
        np.testing.assert_allclose(weights, factor * expected[:-1], rtol=1e-3)
        np.testing.assert_allclose(intercept, factor * expected[-1], rtol=1e-3)
    assert found.shrinkage.max() < 1e-4


def test_the_prior_of_many_tasks_is_found():
    generator = np.random.default_rng(2)
    mean, root = np.array([1.0, -2.0]), np.array([[0.6, 0.0], [0.5, 0.2]])
    weights = mean + generator.normal(size=(120, 2)) @ root.T
    features = generator.normal(size=(60, 2))
    features = (features - features.mean(axis=0)) / features.std(axis=0)
    labels = features @ weights.T + 0.3 * generator.normal(size=(60, 120))
    each = np.full(60, 1 / 60)
    tasks = [LinearTask("squared", column[:, None], each) for column in labels.T]
    found = fit_hierarchical(features, tasks, "full")
    prior = found.priors[0].prior
    np.testing.assert_allclose(prior.mean[:2], weights.mean(axis=0), atol=0.03)
    np.testing.assert_allclose(prior.covariance[:2, :2], np.cov(weights.T), atol=0.04)
    np.testing.assert_allclose(found.noise.mean(), 0.09, rtol=0.05)


@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_a_task_with_ten_labels_borrows(loss):
    """Its scores are better than alone, and better than if all tasks were one."""
    kinds = dict.fromkeys("012345", "binary" if loss == "logistic" else "regression")
    models = (
        IndependentModel(kinds=kinds, strengths=10),
        HierarchicalBayesModel(kinds, variance=0.0),
        HierarchicalBayesModel(kinds),
    )
    errors = np.zeros((4, len(models)))
    for seed in range(len(errors)):
        features, _, tasks_of, labels = made_tasks(
            loss, (150, 150, 150, 150, 150, 400), apart=0.8, seed=seed, width=12
        )
        few, rest = np.split(np.flatnonzero(tasks_of == 5), [10])
        assert loss == "squared" or len(np.unique(labels[few])) == 2
        y = np.full((len(labels), 6), np.nan)
        y[np.arange(len(labels)), tasks_of] = labels
        y[rest] = np.nan
        for index, model in enumerate(models):
            fitted = model.fit(features, y)
            scores = features[rest] @ fitted.coef_[:, 5] + fitted.intercept_[5]
            signs = 2 * labels[rest] - 1
            losses = np.logaddexp(0, -signs * scores)
            if loss == "squared":
                losses = (labels[rest] - scores) ** 2
            errors[seed, index] = losses.mean()
    alone, one, hierarchical = errors.mean(axis=0)
    assert hierarchical < 0.8 * alone
    assert hierarchical < 0.95 * one


def test_variances_of_labels_are_as_large_as_errors():
    counts = (40,) * 11 + (412,)
    kinds = {str(task): "regression" for task in range(len(counts))}
    shares = []
    for seed in range(4):
        features, _, tasks_of, labels = made_tasks(counts=counts, seed=seed)
        kept, new = np.split(np.arange(len(labels)), [11 * 40 + 12])
        y = np.full((len(labels), len(counts)), np.nan)
        y[kept, tasks_of[kept]] = 100 + 7 * labels[kept]
        model = HierarchicalBayesModel(kinds).fit(features, y)
        spread = np.sqrt(model.predict_variance(features[new])["11"][:, 0])
        error = np.abs(model.predict(features[new])[:, 11] - 100 - 7 * labels[new])
        shares.append(np.mean(error < 1.96 * spread))
    assert 0.92 < np.mean(shares) < 0.98


def test_tasks_of_all_kinds_with_missing_labels_are_predicted():
    generator = np.random.default_rng(3)
    x = generator.normal(size=(150, 5))
    signal = x[:, 0] + x[:, 1]
    noise = 0.5 * generator.normal(size=(3, 150))
    y = {
        "cost": 100 + 20 * (signal + noise[0]),
        "sick": np.where(signal + noise[1] > 0, "yes", "no").astype(object),
        "kind": np.array(["a", "b", "c"], object)[
            np.digitize(signal + noise[2], [-0.7, 0.7])
        ],
    }
    y["cost"][::3], y["sick"][1::3], y["kind"][2::3] = np.nan, None, None
    model = HierarchicalBayesModel().fit(x, y)
    found, shares = model.predict(x), model.predict_proba(x)
    assert np.corrcoef(found["cost"], signal)[0, 1] > 0.95
    assert (found["sick"] == np.where(signal > 0, "yes", "no")).mean() > 0.9
    np.testing.assert_allclose(shares["kind"].sum(axis=1), 1.0)
    assert model.output_names_ == ["cost", "sick", "kind[a]", "kind[b]", "kind[c]"]
    assert {name: each.shape for name, each in model.predict_variance(x).items()} == {
        "cost": (150, 1),
        "sick": (150, 1),
        "kind": (150, 3),
    }
    # Adding one number to all classes changes nothing, and the prior's mean is 0.
    np.testing.assert_allclose(model.standard_coef_[:, 2:].sum(axis=1), 0, atol=1e-6)
    weights = np.where(np.arange(150) < 120, 3.0, 0.0)
    weighted = HierarchicalBayesModel().fit(x, y, weights)
    part = {name: np.where(weights > 0, each, None) for name, each in y.items()}
    part["cost"] = part["cost"].astype(float)
    cut = HierarchicalBayesModel(kinds={"cost": "regression"}).fit(x, part)
    np.testing.assert_allclose(weighted.coef_[:, 1:], cut.coef_[:, 1:], rtol=1e-6)


@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_a_task_without_labels_has_the_mean_of_the_others(loss):
    features, tasks, *_ = made_tasks(loss)
    none = LinearTask(loss, np.full((len(features), 1), np.nan), np.zeros(100))
    found = fit_hierarchical(features, [*tasks, none])
    prior = found.priors[0].prior
    np.testing.assert_allclose(found.posteriors[4].mean[:, 0], prior.mean)
    np.testing.assert_allclose(found.shrinkage[:, 4], 1.0)
    alone = fit_hierarchical(features, tasks)
    np.testing.assert_allclose(alone.weights, found.weights[:, :4], rtol=0.05)


def test_collinear_and_constant_columns_one_task_and_units_are_answered():
    features, _, _, labels = made_tasks()
    wide = np.column_stack([features, features[:, 0], np.ones(len(features))])
    model = HierarchicalBayesModel().fit(wide, labels)
    assert np.isfinite(model.coef_).all()
    assert model.rank_ == WIDTH
    y = np.stack([labels, 2 * labels + features[:, 0]], axis=1)
    first = HierarchicalBayesModel().fit(features, y)
    units = np.array([2.0, 0.01, 7.0, 100.0])
    other = HierarchicalBayesModel().fit(features * units - 4, y * 50 + 7)
    np.testing.assert_allclose(
        other.predict(features * units - 4), first.predict(features) * 50 + 7, rtol=1e-5
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"variance": -1.0}, "`variance`. Expected a finite number of 0 or more"),
        ({"covariance": "round"}, "`covariance`. Expected 'diagonal' or 'full'"),
        ({"further_tasks": np.inf, "steps": 0}, "`further_tasks`.*`steps`"),
    ],
)
def test_settings_that_cannot_serve_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        HierarchicalBayesModel(**settings).fit([[0.0], [1.0]], [0.0, 1.0])


@pytest.mark.parametrize("labels", [8, 12, 25])
def test_intervals_of_few_labels_hold_about_what_they_state(labels):
    held = []
    for seed in range(12):
        generator = np.random.default_rng(seed)
        weights = generator.normal(size=(4, 1)) + 0.5 * generator.normal(size=(4, 4))
        x = generator.normal(size=(4 * labels, 4))
        y = x @ weights + generator.normal(size=(len(x), 4))
        # Each task has rows of its own.
        y[np.arange(len(x))[:, None] // labels != np.arange(4)] = np.nan
        model = HierarchicalBayesModel().fit(x, y)
        new = generator.normal(size=(200, 4))
        truth = new @ weights + generator.normal(size=(200, 4))
        deviations = np.column_stack(list(model.predict_variance(new).values())) ** 0.5
        errors = np.abs(truth - model.predict(new))
        held.append(np.mean(errors < 1.645 * deviations))
    # Without the uncertainty of the noise they hold 75, 84 and 88 in a hundred.
    assert 0.85 < np.mean(held) < 0.93
