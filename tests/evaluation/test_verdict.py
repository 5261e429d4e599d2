"""Verdicts in words."""

import numpy as np

from keras_mtl.evaluation import (
    MetricFacts,
    compare_paired,
    give_verdict,
    rows_to_detect,
)

AUC = MetricFacts("auc", "max", 1.0, 0.5, 0.01)
MAE = MetricFacts("mae", "min", 0.0, 30.0, 0.3)
SPREAD = np.array([-1.0, 1.0, -0.5, 0.5, 0.0, 0.0])


def judge(mean, spread, facts=AUC, p_value=None, **settings):
    found = compare_paired(mean + spread * SPREAD, 0.2, facts.equivalence)
    found = found if p_value is None else found.adjust(p_value)
    return give_verdict("heart", facts, found, **settings)


def test_a_gain_helps_and_a_loss_hurts():
    assert judge(0.03, 0.01).sentence == (
        "Sharing helps heart: AUC 0.030 higher (95% interval 0.018 to 0.042)."
    )
    verdict = judge(-0.03, 0.01)
    assert verdict.outcome == "hurts"
    assert verdict.sentence == (
        "Sharing hurts heart: AUC 0.030 lower (95% interval 0.018 to 0.042)."
    )


def test_where_less_is_better_a_gain_is_lower():
    assert judge(3.0, 1.0, MAE).sentence == (
        "Sharing helps heart: mean absolute error 3.0 lower (95% interval 1.8 to 4.2)."
    )
    assert "error 3.0 higher" in judge(-3.0, 1.0, MAE).sentence


def test_a_difference_that_is_sure_but_small_does_not_matter():
    verdict = judge(0.004, 0.002)
    assert verdict.outcome == "no difference"
    assert "0.0040 higher" in verdict.sentence
    assert "up to 0.01 does not matter" in verdict.sentence


def test_the_correction_for_several_tasks_decides():
    verdict = judge(0.03, 0.02, p_value=0.2)
    assert verdict.outcome == "unclear"
    assert "In a single test the difference would count" in verdict.sentence


def test_an_unclear_outcome_gives_probabilities_and_rows():
    found = compare_paired(0.01 + 0.05 * SPREAD, 0.2, 0.01)
    needed = rows_to_detect(found, 900)
    verdict = give_verdict("heart", AUC, found, needed)
    assert verdict.outcome == "unclear"
    assert verdict.sentence.startswith(
        "It is unclear whether sharing helps heart: AUC 0.01 higher (95% "
        "interval 0.05 lower to 0.07 higher). The probability that it helps is 50%, "
    )
    assert "To see a difference of 0.01 takes about 57,000 rows" in verdict.sentence


def test_failed_splits_are_said():
    found = compare_paired([0.03, np.nan, 0.03, 0.031], 0.2, 0.01)
    assert give_verdict("heart", AUC, found).sentence.endswith(
        " 1 of 4 splits failed and are not counted."
    )
    nothing = compare_paired([np.nan, np.nan], 0.2, 0.01)
    assert "no split has the AUC of both" in give_verdict("a", AUC, nothing).sentence
    one = compare_paired([0.02], 0.2, 0.01)
    assert "AUC 0.020 higher in the only split" in give_verdict("a", AUC, one).sentence


def test_the_subject_can_be_another_model():
    assert judge(0.03, 0.01, subject="UPGrad").sentence.startswith("UPGrad helps heart")
    assert "whether UPGrad helps" in judge(0.01, 0.05, subject="UPGrad").sentence
