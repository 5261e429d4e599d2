"""Keras's elementwise optimizers serve many members, each as if alone."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_mtl.engine.member_optimizer import ELEMENTWISE, member_optimizer
from keras_mtl.errors import UserError
from keras_mtl.training import MemberSettings, TrainingSettings, fit_members

MEMBERS, UPDATES = 3, 5
SCHEDULE = {
    "decay": keras.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5),
    "warmup": keras.optimizers.schedules.CosineDecay(
        0.0, 4, warmup_target=0.1, warmup_steps=2
    ),
}


def _gradients():
    generator = np.random.default_rng(0)
    shapes = [(UPDATES, MEMBERS, 4, 2), (UPDATES, MEMBERS, 2)]
    return [generator.normal(size=shape).astype("float32") for shape in shapes]


def _check(make, moving=None, rates=None, decays=None):
    """Compare members with Keras's own optimizer on each of them alone."""
    gradients = _gradients()
    moving = np.ones((UPDATES, MEMBERS), bool) if moving is None else moving
    start = [np.ones(each.shape[1:], "float32") for each in gradients]
    alone = [keras.Variable(each[0]) for each in start]
    optimizer = member_optimizer(make(), alone, MEMBERS, rates, decays)
    stacks = [keras.Variable(each) for each in start]
    optimizer.build(stacks)
    for update in range(UPDATES):
        optimizer.apply_to_members(
            [tf.constant(each[update]) for each in gradients],
            stacks,
            tf.constant(moving[update]),
        )
    for member in range(MEMBERS):
        variables = [keras.Variable(each[member]) for each in start]
        one = make()
        if rates is not None:
            one.learning_rate = rates[member]
        if decays is not None:
            one.weight_decay = decays[member]
        one.build(variables)
        for update in np.flatnonzero(moving[:, member]):
            one.apply(
                [tf.constant(each[update, member]) for each in gradients], variables
            )
        for stack, variable in zip(stacks, variables, strict=True):
            np.testing.assert_allclose(
                stack[member], variable.numpy(), rtol=2e-5, atol=2e-6
            )


@pytest.mark.parametrize("kind", ELEMENTWISE, ids=lambda kind: kind.__name__)
def test_each_member_moves_as_keras_moves_it(kind):
    moving = np.ones((UPDATES, MEMBERS), bool)
    moving[1:3, 1] = moving[4, 2] = False
    _check(
        lambda: kind(learning_rate=0.1, weight_decay=0.2, clipvalue=1.0),
        moving,
        rates=[0.01, 0.1, 0.2],
        decays=[0.0, 0.2, 0.4],
    )


@pytest.mark.parametrize(
    "settings",
    [
        {"amsgrad": True},
        {"learning_rate": SCHEDULE["decay"]},
        {"learning_rate": SCHEDULE["warmup"]},
    ],
    ids=["amsgrad", "decay", "warmup"],
)
def test_settings_and_schedules_go_by_a_members_own_steps(settings):
    moving = np.ones((UPDATES, MEMBERS), bool)
    moving[1:3, 0] = False
    _check(lambda: keras.optimizers.Adam(**{"learning_rate": 0.1, **settings}), moving)


@pytest.mark.parametrize(
    ("optimizer", "words"),
    [
        (lambda: keras.optimizers.Lamb(), "Lamb.*one member"),
        (lambda: keras.optimizers.Adafactor(), "Expected.*Adam, AdamW.*Adafactor"),
        (lambda: keras.optimizers.Adam(clipnorm=1.0), "clipnorm=1.0.*clipvalue"),
        (lambda: keras.optimizers.SGD(global_clipnorm=1.0), "global_clipnorm"),
        (lambda: keras.optimizers.Adam(use_ema=True), "use_ema"),
    ],
)
def test_others_are_refused_for_several_members(make_model, data, optimizer, words):
    settings = TrainingSettings(members=2, epochs=1)
    with pytest.raises(UserError, match=words):
        fit_members(make_model(), *data, settings, optimizer=optimizer())


def test_a_rate_of_each_member_and_a_schedule_are_refused(make_model, data):
    optimizer = keras.optimizers.SGD(SCHEDULE["decay"])
    own = MemberSettings(learning_rate=[0.1, 0.2])
    with pytest.raises(UserError, match="LearningRateSchedule"):
        fit_members(
            make_model(),
            *data,
            TrainingSettings(epochs=1),
            own=own,
            optimizer=optimizer,
        )


def test_one_member_takes_any_optimizer(make_model, data):
    optimizer = keras.optimizers.Lamb(0.01, clipnorm=1.0)
    settings = TrainingSettings(epochs=12, batch_size=16)
    history = fit_members(make_model(), *data, settings, optimizer=optimizer).history
    assert history["loss"][-1, 0] < history["loss"][0, 0]
    assert not optimizer.built


def test_a_member_ends_as_alone_with_a_given_optimizer(make_model, data):
    # One member has more batches in an epoch than the other.
    rows = [np.arange(61), np.arange(30)]
    settings = TrainingSettings(epochs=2, batch_size=16)
    model = make_model()

    def optimizer():
        return keras.optimizers.Nadam(SCHEDULE["decay"], weight_decay=0.1)

    together = fit_members(
        model, *data, settings, rows=rows, optimizer=optimizer()
    ).members
    for k in range(2):
        own = MemberSettings(numbers=[k])
        alone = fit_members(
            model, *data, settings, rows=rows[k : k + 1], own=own, optimizer=optimizer()
        ).members[0]
        for one, other in zip(together[k].weights, alone.weights, strict=True):
            np.testing.assert_allclose(one, other, atol=2e-5)
