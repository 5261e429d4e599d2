"""Scenarios of hospitals hold rows out, and keep the labels that they say."""

import numpy as np
from sklearn.metrics import roc_auc_score

from benchmarks.hospital_rows import HospitalRows, make_scenarios
from benchmarks.hospitals import gaussian_process, measure

HOSPITALS = np.repeat([0, 1, 2], [40, 60, 80])
LABELS = (np.arange(180) % 10 < 3).astype(int)
ROWS = HospitalRows(("a", "b", "c"), np.zeros((180, 2)), HOSPITALS, LABELS)


def test_one_hospital_keeps_the_share_of_its_training_labels():
    scenarios = make_scenarios(ROWS, repeats=2, folds=5, shares=(0.1, 1.0))
    assert len(scenarios) == 2 * 5 * (3 + 1)
    for scenario in scenarios:
        assert not set(scenario.train) & set(scenario.scored)
        scored = np.unique(HOSPITALS[scenario.scored])
        if scenario.share == 1.0:
            assert [*scored] == [0, 1, 2]
            assert len(scenario.train) + len(scenario.scored) == 180
            continue
        (hospital,) = scored
        own = scenario.train[HOSPITALS[scenario.train] == hospital]
        assert len(own) < 0.2 * (hospital == HOSPITALS).sum()
        assert set(LABELS[own]) == {0, 1}
        others = scenario.train[HOSPITALS[scenario.train] != hospital]
        assert len(others) == 0.8 * (hospital != HOSPITALS).sum()


def test_a_gaussian_process_scores_the_rows_of_each_hospital_by_its_own_task():
    generator = np.random.default_rng(0)
    # The last hospital's labels are the other way around.
    turned = np.where(HOSPITALS == 2, 1 - LABELS, LABELS)
    inputs = generator.normal(size=(180, 2)) + 2.0 * LABELS[:, None]
    rows = HospitalRows(ROWS.names, inputs, HOSPITALS, turned)
    scenario = make_scenarios(rows, repeats=1, folds=5, shares=(1.0,))[0]
    scores = gaussian_process(rows, scenario)
    labels, hospitals = turned[scenario.scored], HOSPITALS[scenario.scored]
    for hospital in range(3):
        here = hospitals == hospital
        assert roc_auc_score(labels[here], scores[here]) > 0.8


def test_scores_are_pooled_over_the_folds_of_a_repeat():
    scenarios = make_scenarios(ROWS, repeats=2, folds=5, shares=(0.1, 1.0))
    scores = [10.0 * (2 * LABELS[scenario.scored] - 1) for scenario in scenarios]
    found = measure(ROWS, scenarios, scores)
    for share in (0.1, 1.0):
        for hospital in range(3):
            assert found[share, hospital].shape == (2, 2)
            np.testing.assert_allclose(found[share, hospital][:, 0], 1.0)
            np.testing.assert_allclose(found[share, hospital][:, 1], 4.5e-5, rtol=0.01)
