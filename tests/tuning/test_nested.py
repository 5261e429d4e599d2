"""A search judged on rows that it did not see."""

import numpy as np
import pytest

from tests.tuning.conftest import LOSS, SPACE
from tuning import nested
from tuning.trial_program import Measured
from tuning.trials import Trial

pytestmark = pytest.mark.xdist_group("searches")


def test_neither_settings_nor_epochs_are_chosen_by_the_outer_rows(
    prepared, data, monkeypatch
):
    searched, measured = [], []

    def search(config, settings, objective, inner, **arguments):
        searched.append(inner.rows.labels["heart"])
        folds = ({"val_loss": 0.1},) * 2
        return [Trial(1, config, folds, (2, 4))]

    def measure(configs, whole, *arguments):
        measured.append((configs[0].training, whole.folds))
        return [Measured([{"val_loss": float(len(measured))}], [3])]

    monkeypatch.setattr(nested, "run_trials", search)
    monkeypatch.setattr(nested, "measure_trials", measure)
    seen = []
    estimate = nested.nested_estimate(
        prepared.config,
        SPACE.replace(nested=3),
        LOSS,
        data,
        lambda number, value: seen.append((number, value)),
    )
    assert estimate.values == (1.0, 2.0, 3.0)
    assert (estimate.mean, estimate.spread) == (2.0, 1.0)
    assert seen == [(1, 1.0), (2, 2.0), (3, 3.0)]
    every = np.concatenate([folds[0].test for _, folds in measured])
    assert sorted(every) == list(range(len(data.rows.rows)))
    for labels, (training, (fold,)) in zip(searched, measured, strict=True):
        assert (training.epochs, training.patience) == (3, 0)
        np.testing.assert_array_equal(labels, data.rows.labels["heart"][fold.train])
