"""Auxiliary tasks of a run: made of the data, never inputs, never copies."""

import numpy as np
import pandas as pd
import pytest

from keras_mtl.configuration import build_config
from keras_mtl.configuration.flag_values import nest_flags
from keras_mtl.configuration.repeatable import repeatable_values
from keras_mtl.errors import UserError
from keras_mtl.runs.prepare import prepare_data
from keras_mtl.runs.resume import data_digests

ROWS = 60
GENERATOR = np.random.default_rng(0)
FRAME = pd.DataFrame(GENERATOR.normal(size=(ROWS, 3)).round(3), columns=[*"abc"])
FRAME["y"] = (FRAME["a"] > 0).astype(int)
FRAME["grade"] = np.digitize(FRAME["a"], [0, 0.5, 1])
FRAME["kind"] = np.where(FRAME["b"] > 0, "p", "q")
FRAME["later"] = FRAME["c"].round(1).where(FRAME["b"] < 1)


@pytest.fixture
def prepare(tmp_path):
    """Prepares a frame with the tasks of flags."""

    def prepare(*auxiliary, data=FRAME, test=None, tasks=("y:binary",), **flags):
        values = {"tasks": list(tasks), "auxiliary": list(auxiliary)}
        for name, part in (("path", data), ("test_path", test)):
            if part is not None:
                path = tmp_path / f"{name}.csv"
                path.write_text(part.to_csv(index=False), encoding="utf-8")
                values[f"data.{name}"] = str(path)
        values |= {key.replace("__", "."): value for key, value in flags.items()}
        return prepare_data(build_config(nest_flags(values, {}, [])))

    return prepare


def inputs(data):
    return [feature.column_name for feature in data.features]


ALL = (
    "near:hint:a + b > 0.5",
    "event:hindsight:later",
    "fine:smoothed:grade",
    "recorded:missing-pattern",
)


def test_labels_leave_the_inputs_and_what_a_hint_reads_stays(prepare):
    data = prepare(*ALL)
    assert inputs(data) == ["a", "b", "c", "kind"]
    assert [task.name for task in data.main_tasks] == ["y"]
    names = ["y", "near", "event_later", "fine", "recorded"]
    assert [task.name for task in data.tasks] == names
    near = FRAME["a"] + FRAME["b"] > 0.5
    np.testing.assert_array_equal(data.labels["near"], near)
    over = [FRAME["grade"] > level for level in (0, 1, 2)]
    np.testing.assert_array_equal(data.labels["fine"], np.stack(over, axis=1))
    recorded = data.labels["recorded"]
    np.testing.assert_array_equal(recorded[:, 0], FRAME["later"].notna())


def test_the_settings_repeat_the_run(prepare):
    data = prepare(*ALL)
    again = prepare_data(build_config(repeatable_values(data.config)))
    assert again.config == data.config
    assert data_digests(again) == data_digests(data)


def test_the_same_rows_are_held_out_with_and_without_auxiliary_tasks(prepare):
    alone = prepare(inputs__drop=["later", "grade"])
    helped = prepare("event:hindsight:later", "fine:smoothed:grade")
    assert inputs(alone) == inputs(helped)
    np.testing.assert_array_equal(alone.test_rows, helped.test_rows)
    for one, other in zip(alone.members.train, helped.members.train, strict=True):
        np.testing.assert_array_equal(one, other)


def test_heads_and_weights_come_from_settings_and_flags(prepare):
    data = prepare(
        "event:hindsight:later,c",
        "grade:regression",
        heads__widths=["7"],
        loss_weights={"event": "0.5", "grade": "0.1"},
    )
    by_name = {task.name: task for task in data.tasks}
    assert by_name["event_c"].loss_weight == by_name["event_later"].loss_weight == 0.25
    assert by_name["event_c"].widths == by_name["grade"].widths == (7,)
    assert by_name["grade"].auxiliary
    assert by_name["grade"].loss_weight == 0.1


@pytest.mark.parametrize(
    ("auxiliary", "copied"),
    [
        ("same:hint:2 * a - 1", "the input in column 'a'"),
        ("same:hint:kind == 'p'", "the input in column 'kind'"),
        ("same:hint:missing(later)", "the missing flag of the input in column 'later'"),
    ],
)
def test_a_copy_of_an_input_is_refused_unless_inputs_are_hidden(
    prepare, auxiliary, copied
):
    with pytest.raises(UserError) as error:
        prepare(auxiliary)
    (message,) = error.value.messages
    assert "a copy teaches nothing" in message
    assert copied in message
    assert prepare(auxiliary, model__input_dropout=0.1).tasks[1].auxiliary


def test_a_rough_or_noisy_version_of_an_input_is_no_copy(prepare):
    assert len(prepare("rough:hint:a > 0.3", "sum:hint:a + b").tasks) == 3


def test_reconstruction_needs_hidden_inputs(prepare):
    with pytest.raises(UserError) as error:
        prepare("given:reconstruction")
    (message,) = error.value.messages
    assert "model.input_dropout: expected a share above 0" in message
    data = prepare("given:reconstruction", model__input_dropout=0.2)
    names = [task.name for task in data.tasks[1:]]
    assert names == ["given_a", "given_b", "given_c", "given_grade", "given_later"]
    assert {"a", "b", "c"} < {*inputs(data)}
    np.testing.assert_allclose(data.labels["given_a"], FRAME["a"], rtol=1e-6)


def test_test_rows_may_lack_what_is_known_only_later(prepare):
    test = FRAME.drop(columns=["later", "grade"])
    test["a"] += 0.0004
    data = prepare("event:hindsight:later", "fine:smoothed:grade", test=test)
    assert np.isnan(data.labels["event_later"][data.test_rows]).all()
    assert np.isnan(data.labels["fine"][data.test_rows]).all()
    assert np.isfinite(data.labels["fine"][data.train_rows]).all()


def test_a_column_named_as_input_cannot_be_a_label(prepare):
    with pytest.raises(UserError, match="is a feature and the label of task"):
        prepare("event:hindsight:later", inputs__columns=["a", "later"])
    with pytest.raises(UserError, match="is computed, for labels alone"):
        prepare(data__computed={"d": "a + b"}, inputs__columns=["a", "d"])


def test_a_computed_column_can_be_the_label_of_any_task(prepare):
    data = prepare(tasks=["near:binary"], data__computed={"near": "a + b > 0.5"})
    assert not data.tasks[0].auxiliary
    assert "near" not in inputs(data)


def test_at_least_one_task_is_predicted(prepare):
    with pytest.raises(UserError, match="at least one task that is not auxiliary"):
        prepare("y:binary", tasks=[])


@pytest.mark.parametrize("order", ["event,y", "event,y,z"])
def test_a_chain_from_an_auxiliary_task_is_refused_before_the_data_are_read(order):
    tasks = ["y:binary", "z:binary"]
    values = {"tasks": tasks, "auxiliary": ["event:binary"], "data.path": "rows.csv"}
    values["model.architecture"] = f"chain:order={order}"
    with pytest.raises(UserError, match="auxiliary tasks behind all others"):
        build_config(nest_flags(values, {}, []))


def test_the_embedded_data_gives_its_columns_up():
    data = prepare_data(
        build_config(
            {"auxiliary": [{"kind": "hindsight", "name": "x", "columns": ["thalach"]}]}
        )
    )
    assert "thalach" not in inputs(data)
    assert [task.name for task in data.tasks] == ["thal", "heart", "x_thalach"]


def test_class_weights_name_tasks_that_are_made_of_the_data(prepare):
    weights = {"training__class_weights": {"event_kind": "balanced"}}
    data = prepare("event:hindsight:kind", **weights)
    assert data.config.training.class_weights == {"event_kind": "balanced"}
    with pytest.raises(UserError, match="Did you mean 'event_kind'"):
        prepare(
            "event:hindsight:kind",
            training__class_weights={"event_kid": "balanced"},
        )
    with pytest.raises(UserError, match="Did you mean 'y'"):
        prepare(training__class_weights={"yy": "balanced"})


def test_a_computed_column_of_another_meaning_is_not_taken(prepare):
    with pytest.raises(UserError, match="Received: a computed column of that name"):
        prepare("near:hint:a > b", data__computed={"near": "b > c"})


def test_labels_of_streamed_rows_are_computed_beside_them(tmp_path):
    for index, part in enumerate((FRAME.iloc[:40], FRAME.iloc[40:])):
        part.to_csv(tmp_path / f"part-{index}.csv", index=False)
    values = {"data.path": str(tmp_path), "tasks": ["y:binary"]}
    values["auxiliary"] = ["near:hint:a + b > 0.5", "recorded:missing-pattern:later"]
    values["inputs.drop"] = ["later"]
    data = prepare_data(build_config(nest_flags(values, {}, [])))
    assert data.on_disk
    near = FRAME["a"] + FRAME["b"] > 0.5
    np.testing.assert_array_equal(data.labels["near"], near)
    recorded = FRAME["later"].notna().to_numpy()[:, None]
    np.testing.assert_array_equal(data.labels["recorded"], recorded)
