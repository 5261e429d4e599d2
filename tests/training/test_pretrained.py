"""Members that begin with a trained trunk, frozen at first."""

import numpy as np
import pytest

from keras_mtl.errors import UserError
from keras_mtl.tasks import BinaryTask
from keras_mtl.training import (
    MemberSettings,
    Pretrained,
    TrainingSettings,
    fit_members,
    layer_values,
)
from keras_mtl.transfer.new_heads import build_on_trunk
from keras_mtl.transfer.trunk import copy_trunk

SETTINGS = TrainingSettings(members=3, epochs=4, batch_size=16, learning_rate=0.01)


@pytest.fixture
def rows():
    generator = np.random.default_rng(1)
    inputs = generator.normal(size=(48, 5)).astype("float32")
    return inputs, {"relapse": (inputs[:, 0] > 0).astype("float32")}


@pytest.fixture
def transferred(make_model):
    """A network on a trunk, and the trunks of two trained models."""
    found = [copy_trunk(make_model(seed=seed)) for seed in (0, 1)]
    core = build_on_trunk(found[0], [BinaryTask("relapse", widths=(4,))])
    return core, [layer_values(trunk) for trunk in found]


def trunk_of(fit, member):
    return layer_values(fit.members[member].get_layer("trunk"))


def test_frozen_trunks_stay_as_they_were(transferred, rows):
    core, values = transferred
    fit = fit_members(
        core, *rows, SETTINGS, pretrained=Pretrained("trunk", values, frozen_epochs=4)
    )
    # The third member begins with the first trunk again.
    for member, source in enumerate((0, 1, 0)):
        for old, new in zip(values[source], trunk_of(fit, member), strict=True):
            np.testing.assert_array_equal(old, new)
    heads = [fit.members[k].get_layer("relapse").get_weights()[0] for k in (0, 2)]
    assert not np.array_equal(*heads)


def test_trunks_learn_once_they_are_unfrozen(transferred, rows):
    core, values = transferred
    moved = []
    for frozen in (4, 3, 0):
        pretrained = Pretrained("trunk", values, frozen_epochs=frozen, rate=0.1)
        fit = fit_members(core, *rows, SETTINGS, pretrained=pretrained)
        moved.append(np.abs(trunk_of(fit, 1)[0] - values[1][0]).mean())
    assert moved[0] == 0 < moved[1] < moved[2]


def test_a_trunk_never_changes_at_rate_0(transferred, rows):
    core, values = transferred
    fit = fit_members(
        core, *rows, SETTINGS, pretrained=Pretrained("trunk", values, 1, 0)
    )
    for old, new in zip(values[0], trunk_of(fit, 0), strict=True):
        np.testing.assert_array_equal(old, new)


def test_at_rate_1_all_is_an_ordinary_fit_from_the_given_values(transferred, rows):
    """The same as one whose program knows nothing of rates."""
    core, values = transferred
    pretrained = Pretrained("trunk", values, frozen_epochs=0, rate=1.0)
    one = fit_members(core, *rows, SETTINGS, pretrained=pretrained)
    fine = fit_members(
        core, *rows, SETTINGS, pretrained=Pretrained("trunk", values, rate=1.0 + 1e-7)
    )
    np.testing.assert_allclose(one.history["loss"], fine.history["loss"], rtol=1e-4)


def test_a_member_alone_ends_where_it_ends_among_others(transferred, rows):
    core, values = transferred
    pretrained = Pretrained("trunk", values, frozen_epochs=2, rate=0.5)
    together = fit_members(core, *rows, SETTINGS, pretrained=pretrained)
    alone = fit_members(
        core,
        *rows,
        SETTINGS.replace(members=1),
        own=MemberSettings(numbers=[1]),
        rows=[np.arange(48)],
        pretrained=pretrained,
    )
    for old, new in zip(trunk_of(together, 1), trunk_of(alone, 0), strict=True):
        np.testing.assert_allclose(old, new, rtol=1e-4, atol=1e-6)


def test_a_resumed_fit_equals_an_unbroken_one(transferred, rows):
    core, values = transferred
    pretrained = Pretrained("trunk", values, frozen_epochs=2, rate=0.5)
    kept = []
    whole = fit_members(
        core, *rows, SETTINGS, pretrained=pretrained, on_progress=kept.append
    )
    for progress in kept[:3]:
        resumed = fit_members(
            core, *rows, SETTINGS, pretrained=pretrained, resume_from=progress
        )
        for old, new in zip(
            whole.members[2].get_weights(),
            resumed.members[2].get_weights(),
            strict=True,
        ):
            np.testing.assert_array_equal(old, new)


def test_patience_begins_to_count_when_the_trunk_learns(transferred, rows):
    core, values = transferred
    inputs, labels = rows
    settings = SETTINGS.replace(epochs=12, patience=2, learning_rate=10.0)
    fit = fit_members(
        core,
        inputs,
        labels,
        settings,
        rows=[np.arange(24)] * 3,
        validation_rows=[np.arange(24, 48)] * 3,
        pretrained=Pretrained("trunk", values, frozen_epochs=6),
    )
    # At such a rate nothing gets better, and still no member stops before.
    trained = np.sum(~np.isnan(fit.history["loss"]), axis=0)
    assert (trained >= 8).all()
    assert (trained < 12).any()


def test_values_of_another_layer_are_refused(transferred, rows):
    core, values = transferred
    with pytest.raises(UserError, match="the shapes"):
        fit_members(
            core, *rows, SETTINGS, pretrained=Pretrained("trunk", [values[0][:1]])
        )
