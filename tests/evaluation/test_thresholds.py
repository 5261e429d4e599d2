"""Thresholds for stated aims."""

import numpy as np
import pytest
from sklearn import metrics

from keras_mtl.errors import UserError
from keras_mtl.evaluation import choose_threshold, parse_aim


def draw(rows=300, seed=0):
    generator = np.random.default_rng(seed)
    labels = (generator.random(rows) < 0.3).astype(float)
    scores = generator.normal(labels * 1.2, 1)
    return labels, 1 / (1 + np.exp(1 - scores))


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("balanced-accuracy", "balanced-accuracy"),
        ("Balanced_Accuracy", "balanced-accuracy"),
        ("f1", "f1"),
        ("sensitivity=0.9", "sensitivity=0.9"),
        ("sensitivity>=.9", "sensitivity=0.9"),
        ("specificity:0.95", "specificity=0.95"),
        ("precision = 1", "precision=1"),
        ("costs=1:5", "costs=1:5"),
        ("costs:0.5:20", "costs=0.5:20"),
        ("0.3", "0.3"),
        (0.3, "0.3"),
    ],
)
def test_an_aim_is_read_and_written(text, written):
    aim = parse_aim(text)
    assert str(aim) == written
    assert parse_aim(written) == aim


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1.5",
        "nan",
        "sensitivity",
        "sensitivity=2",
        "sensitivity=0",
        "sensitivity=high",
        "f1=0.5",
        "costs=1",
        "costs=1:0",
        "costs=1:inf",
        "costs=1:2:3",
        "costs=a:b",
        "=0.5",
    ],
)
def test_what_is_no_aim_is_refused(text):
    with pytest.raises(UserError, match=r"for example sensitivity=0.9"):
        parse_aim(text)


def test_the_message_names_the_nearest_aim():
    with pytest.raises(UserError, match="Did you mean 'sensitivity'"):
        parse_aim("sensitivty=0.9")


@pytest.mark.parametrize(
    ("aim", "score"),
    [
        ("balanced-accuracy", metrics.balanced_accuracy_score),
        ("accuracy", metrics.accuracy_score),
        ("f1", metrics.f1_score),
        (
            "costs=1:5",
            lambda y, p: -np.sum((p > y) * 1 + (p < y) * 5),
        ),
    ],
)
def test_no_other_threshold_is_better(aim, score):
    labels, probabilities = draw()
    chosen = choose_threshold(labels, probabilities, aim)
    best = score(labels, probabilities >= chosen.value)
    others = [score(labels, probabilities >= t) for t in np.linspace(0, 1, 200)]
    assert best >= max(others) - 1e-12


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("share", [0.5, 0.8, 0.9, 1.0])
def test_a_share_is_reached_with_as_much_of_the_other_as_possible(seed, share):
    labels, probabilities = draw(60, seed)
    chosen = choose_threshold(labels, probabilities, f"sensitivity={share}")
    predicted = probabilities >= chosen.value
    assert chosen.reached
    assert chosen.sensitivity == metrics.recall_score(labels, predicted) >= share
    assert chosen.specificity == pytest.approx(
        metrics.recall_score(1 - labels, ~predicted)
    )
    for threshold in probabilities:
        also = probabilities >= threshold
        if also[labels == 1].mean() >= share:
            assert 1 - also[labels == 0].mean() <= chosen.specificity + 1e-12
    other = choose_threshold(labels, probabilities, f"specificity={share}")
    assert other.specificity >= share
    assert other.specificity_interval[0] <= other.specificity


def test_a_precision_that_nothing_reaches_is_said():
    labels, probabilities = [0, 1, 1, 0], [0.9, 0.8, 0.7, 0.1]
    chosen = choose_threshold(labels, probabilities, "precision=0.9")
    assert not chosen.reached
    assert chosen.value == pytest.approx(0.4)  # two of three is the most
    assert choose_threshold(labels, probabilities, "precision=0.6").reached


def test_a_fixed_threshold_is_judged_as_it_is():
    chosen = choose_threshold([0, 1, 1, np.nan], [0.5, 0.5, 0.2, 0.9], 0.5)
    assert (chosen.value, chosen.sensitivity, chosen.specificity) == (0.5, 0.5, 0)
    assert (chosen.positives, chosen.negatives) == (2, 1)


def test_of_many_best_the_nearest_to_a_half_is_taken():
    chosen = choose_threshold([0, 0, 1, 1], [0.0, 0.4, 0.8, 1.0], "balanced-accuracy")
    assert chosen.value == pytest.approx(0.6)


@pytest.mark.parametrize("labels", [[1, 1], [0, np.nan], [np.nan, np.nan]])
def test_labels_of_one_class_are_refused(labels):
    with pytest.raises(ValueError, match="both classes"):
        choose_threshold(labels, [0.1, 0.2], "f1")


def test_costs_of_calibrated_probabilities_give_their_known_threshold():
    generator = np.random.default_rng(0)
    probabilities = generator.uniform(size=100_000)
    labels = generator.random(100_000) < probabilities
    chosen = choose_threshold(labels, probabilities, "costs=1:4")
    assert chosen.value == pytest.approx(1 / 5, abs=0.03)
