"""The graph decodes as the tasks do."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import keras_mtl as km
from keras_mtl.serving.answers import ServedAnswer, serve_answer
from keras_mtl.tasks import TASK_KINDS

TASKS = [
    km.BinaryTask("task", classes=("absent", "présent"), threshold=0.3),
    km.MulticlassTask("task", classes=("a", "b", "c")),
    km.MultilabelTask("task", labels=("a", "b", "c"), positives=("1", "1", "1")),
    km.RegressionTask("task"),
]
PROBABILITIES = st.sampled_from([0.0, 0.25, 0.3, 0.5, 0.75, 1.0]) | st.floats(
    0, 1, width=32
)


def test_every_kind_of_task_has_an_answer():
    assert {task.kind for task in TASKS} == set(TASK_KINDS)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.kind)
@settings(max_examples=30)
@given(data=st.data())
def test_words_are_those_of_decode(task, data):
    rows = data.draw(st.integers(1, 4))
    outputs = data.draw(arrays("float32", (rows, task.units), elements=PROBABILITIES))
    answer = serve_answer(task, tf.constant(outputs))
    decoded = task.decode(outputs)
    assert set(answer.outputs) <= {"task", "task_class"}
    for name, values in answer.outputs.items():
        assert len(values) == rows
        if name in decoded:
            words = [word.decode() for word in values.numpy()]
            assert words == decoded[name].tolist()
    if answer.scores is not None:
        assert answer.classes.shape == answer.scores.shape
        assert answer.scores.dtype == tf.float32


@pytest.mark.parametrize("outputs", [{"years": tf.zeros(1)}, {}])
def test_an_answer_under_another_name_is_refused_with_its_kind(outputs):
    class Other(km.RegressionTask):
        kind = "survival"

        def serve(self, _):
            return ServedAnswer(outputs)

    with pytest.raises(ValueError, match=r"kind 'survival'.*names that begin with"):
        serve_answer(Other("months"), tf.zeros((1, 1)))


def test_a_kind_without_an_answer_of_its_own_answers_its_numbers():
    class Other(km.BinaryTask):
        serve = km.Task.serve

    answer = serve_answer(Other("risk"), tf.constant([[0.25], [0.5]]))
    assert answer.outputs["risk"].numpy().tolist() == [0.25, 0.5]
    assert answer.value.numpy().tolist() == [0.25, 0.5]


def test_multilabel_without_a_label_is_an_empty_text():
    task = km.MultilabelTask("task", labels=("a", "b"))
    answer = serve_answer(task, tf.constant([[0.1, 0.2], [0.9, 0.9]]))
    assert answer.outputs["task_class"].numpy().tolist() == [b"", b"a|b"]
    assert np.shape(answer.classes) == (2, 2)
