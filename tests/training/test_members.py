import numpy as np
import pytest

from keras_mtl.training import TrainingSettings, fit_members

HALVES = [np.arange(0, 61), np.arange(3, 76)]
VALIDATION = [np.arange(76, 96), np.arange(80, 96)]


def _difference(model, other):
    pairs = zip(model.weights, other.weights, strict=True)
    return max(np.abs(a.numpy() - b.numpy()).max() for a, b in pairs)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"dropout": 0.3},
        {"batch_norm": True},
    ],
    ids=str,
)
def test_a_member_ends_where_it_would_end_alone(make_model, data, settings):
    model = make_model(**settings)
    # One member has two batches more, and its last one has not all rows.
    training = TrainingSettings(
        epochs=4, batch_size=8, weight_decay=0.1, schedule="cosine"
    )
    together = fit_members(model, *data, training, rows=HALVES, seed=3)
    alone = fit_members(model, *data, training, rows=HALVES[:1], seed=3)
    assert _difference(together.members[0], alone.members[0]) < 1e-5
    np.testing.assert_allclose(
        together.history["loss"][:, 0], alone.history["loss"][:, 0], rtol=1e-4
    )
    assert _difference(together.members[0], together.members[1]) > 1e-2


def test_a_member_takes_the_weights_of_its_best_epoch(make_model, data):
    training = TrainingSettings(epochs=40, batch_size=8, learning_rate=0.05, patience=3)
    fit = fit_members(
        make_model(), *data, training, rows=HALVES, validation_rows=VALIDATION
    )
    joint = fit.history["val_loss"]
    np.testing.assert_array_equal(fit.epochs, np.nanargmin(joint, axis=0) + 1)
    inputs, labels = data
    for index, member in enumerate(fit.members):
        stopped = np.count_nonzero(~np.isnan(joint[:, index]))
        assert stopped in (fit.epochs[index] + 3, 40)
        member.compile()
        rows = VALIDATION[index]
        metrics = member.evaluate(
            inputs[rows],
            {name: values[rows] for name, values in labels.items()},
            batch_size=len(rows),
            return_dict=True,
            verbose=0,
        )
        np.testing.assert_allclose(metrics["loss"], np.nanmin(joint[:, index]), 1e-4)
        for name in ("kind_auc", "sick_accuracy", "age_mae"):
            recorded = fit.history[f"val_{name}"][fit.epochs[index] - 1, index]
            np.testing.assert_allclose(metrics[name], recorded, atol=1e-4)


def test_labels_of_other_rows_have_no_influence(make_model, data):
    inputs, labels = data
    training = TrainingSettings(epochs=2, batch_size=8)
    before = fit_members(make_model(), inputs, labels, training, rows=HALVES[:1])
    changed = {name: values.copy() for name, values in labels.items()}
    for values in changed.values():
        values[64:] = 1.0
    inputs = inputs.copy()
    inputs[64:] = 100.0
    after = fit_members(make_model(), inputs, changed, training, rows=HALVES[:1])
    assert _difference(before.members[0], after.members[0]) == 0.0


def test_training_lowers_every_task(make_model, data):
    training = TrainingSettings(epochs=25, batch_size=8, learning_rate=0.01)
    fit = fit_members(make_model(), *data, training)
    for name in ("kind_loss", "sick_loss", "age_loss"):
        assert fit.history[name][-1, 0] < 0.7 * fit.history[name][0, 0]


def test_the_given_model_is_left_alone(make_model, data):
    model = make_model()
    before = [value.numpy() for value in model.weights]
    fit_members(model, *data, TrainingSettings(epochs=1))
    for old, new in zip(before, model.weights, strict=True):
        np.testing.assert_array_equal(old, new.numpy())


def test_a_loss_that_breaks_names_its_task(make_model, data):
    inputs, labels = data
    labels["age"] = labels["age"] * np.float32(1e30)
    with pytest.raises(FloatingPointError, match="age_loss"):
        fit_members(make_model(), inputs, labels, TrainingSettings(epochs=2))


def test_patience_needs_validation_rows(make_model, data):
    with pytest.raises(ValueError, match="validation_rows"):
        fit_members(make_model(), *data, TrainingSettings(patience=2))


def test_a_stopped_member_counts_with_its_last_values(make_model, data):
    training = TrainingSettings(epochs=40, batch_size=8, learning_rate=0.05, patience=2)
    told = []
    fit = fit_members(
        make_model(),
        *data,
        training,
        rows=HALVES,
        validation_rows=VALIDATION,
        on_epoch=lambda epoch, means: told.append(means["val_loss"]),
    )
    values = fit.history["val_loss"]
    lengths = np.count_nonzero(~np.isnan(values), axis=0)
    assert lengths[0] != lengths[1]
    last = [values[length - 1, index] for index, length in enumerate(lengths)]
    mean = fit.mean_history()["val_loss"]
    np.testing.assert_allclose(mean[-1], np.mean(last))
    np.testing.assert_allclose(mean, told)


def test_a_batch_holds_no_more_than_there_is(make_model, data):
    settings = TrainingSettings(members=2, epochs=2, batch_size=96)
    whole = fit_members(make_model(), *data, settings)
    larger = settings.replace(batch_size=10**9)
    again = fit_members(make_model(), *data, larger)
    np.testing.assert_array_equal(whole.history["loss"], again.history["loss"])
