"""Cross-validation as a mixin, and stock scripts of keras-tuner."""

import keras
import keras_tuner
import numpy as np
import pytest

from keras_mtl.architectures import build_hard_sharing
from keras_mtl.errors import UserError
from keras_mtl.tasks import BinaryTask
from tuning import CrossValidation

pytestmark = pytest.mark.xdist_group("searches")

ROWS = np.random.default_rng(0).normal(size=(60, 3)).astype("float32")
LABELS = (ROWS[:, :1] > 0).astype("float32")


class Hyperband(CrossValidation, keras_tuner.Hyperband):
    """A stock tuner whose rounds set the epochs."""


class Search(CrossValidation, keras_tuner.RandomSearch):
    """A stock tuner with executions."""


class Recorded(keras_tuner.HyperModel):
    """A tiny model that records the rows that it is given."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def build(self, hp):
        model = keras.Sequential([keras.layers.Dense(1, activation="sigmoid")])
        rate = hp.Float("rate", 0.01, 1.0, sampling="log")
        model.compile(keras.optimizers.SGD(rate), loss="binary_crossentropy")
        return model

    def fit(self, hp, model, x, y, **kwargs):
        held_out = kwargs["validation_data"][0]
        self.seen.append((x, held_out))
        return model.fit(x, y, **{**kwargs, "epochs": 1})


def _search(kind, tmp_path, **arguments):
    hypermodel = Recorded()
    objective = keras_tuner.Objective("val_loss", "min")
    tuner = kind(
        hypermodel,
        objective=objective,
        directory=tmp_path,
        seed=1,
        folds=3,
        **arguments,
    )
    tuner.search(ROWS, LABELS, verbose=0)
    return hypermodel, tuner


def test_a_fold_is_measured_on_rows_that_it_does_not_learn_from(tmp_path):
    hypermodel, tuner = _search(Search, tmp_path, max_trials=1)
    held_out = np.concatenate([held for _, held in hypermodel.seen])
    assert sorted(map(tuple, held_out)) == sorted(map(tuple, ROWS))
    for train, held in hypermodel.seen:
        assert {*map(tuple, train)}.isdisjoint(map(tuple, held))
    (trial,) = tuner.oracle.trials.values()
    assert trial.score == pytest.approx(np.mean(tuner.fold_values[trial.trial_id]))


@pytest.mark.slow
def test_hyperband_takes_it_too(tmp_path):
    _, tuner = _search(Hyperband, tmp_path, max_epochs=2)
    scores = [trial.score for trial in tuner.oracle.trials.values()]
    assert len(scores) > 1
    assert np.isfinite(scores).all()


def test_what_a_fold_has_of_its_own_is_refused(tmp_path):
    with pytest.raises(UserError, match="folds=1"):
        Search(Recorded(), folds=1)
    tuner = Search(Recorded(), objective="val_loss", max_trials=1, directory=tmp_path)
    trial = tuner.oracle.create_trial("chief")
    with pytest.raises(UserError, match="validation_split"):
        tuner._build_and_fit_model(trial, ROWS, LABELS, validation_split=0.2)
    with pytest.raises(UserError, match="Expected arrays"):
        tuner._build_and_fit_model(trial, "rows")


@pytest.mark.slow
def test_a_stock_script_tunes_our_builders(tmp_path):
    def build(hp):
        tasks = [
            BinaryTask("first", loss_weight=1.0),
            BinaryTask("second", loss_weight=hp.Float("weight", 0.1, 10.0)),
        ]
        model = build_hard_sharing(3, tasks, trunk=(hp.Choice("width", [4, 8]),))
        model.compile("adam", weighting=hp.Choice("weighting", ["sum", "rlw"]))
        return model

    labels = {"first": LABELS, "second": 1 - LABELS}
    tuner = keras_tuner.RandomSearch(
        build,
        objective=keras_tuner.Objective("val_first_loss", "min"),
        max_trials=2,
        seed=3,
        directory=tmp_path,
    )
    tuner.search(
        ROWS[:40],
        {name: values[:40] for name, values in labels.items()},
        validation_data=(ROWS[40:], {n: values[40:] for n, values in labels.items()}),
        epochs=1,
        verbose=0,
    )
    assert len(tuner.oracle.end_order) == 2
    assert tuner.get_best_models()[0].count_params() > 0
