"""Task names are never mixed up with anything else."""

import pytest

from keras_mtl.tasks.names import check_task_names


@pytest.mark.parametrize(
    "names",
    [["thal", "heart"], ["a", "b_class"], ["value", "class"], ["loss_2", "valley"]],
)
def test_names_that_stand_for_one_thing_are_accepted(names):
    assert check_task_names(names) == []


@pytest.mark.parametrize(
    ("names", "part"),
    [
        (["a", "a", "a"], "'a' twice"),
        (["a", "A"], "'a' and 'A'"),
        (["loss"], "'loss'"),
        (["row", "a"], "'row'"),
        (["val_a", "a"], "'val_a'"),
        (["a", "a_class"], "'a_class'"),
        (["a_probability", "a"], "'a_probability'"),
        (["a", "a_1"], "'a_1'"),
    ],
)
def test_each_mistake_is_told_once(names, part):
    (message,) = check_task_names(names)
    assert part in message
    assert message.startswith("tasks: expected")
