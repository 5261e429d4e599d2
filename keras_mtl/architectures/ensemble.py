"""Several members as one model."""

from __future__ import annotations

from collections.abc import Sequence

import keras

from keras_mtl.model import MultiTaskModel

__all__ = ["average_members"]


def average_members(
    members: Sequence[MultiTaskModel], name: str = "ensemble"
) -> MultiTaskModel:
    """Build an ensemble, whose predictions are the mean of its members' predictions.

    Probabilities are averaged and not logits. The mean of well-calibrated members is
    slightly underconfident.

    Args:
        members: Models of the same tasks with one input of the same shape.
        name: The model's name.

    Returns:
        A `MultiTaskModel` that contains the members; a single member is returned
        unchanged.

    Raises:
        ValueError: If there is no member, or the members have different tasks.

    Example:

    >>> from keras_mtl.architectures import build_hard_sharing
    >>> from keras_mtl.tasks import BinaryTask
    >>> members = [build_hard_sharing(4, [BinaryTask("heart")]) for _ in range(3)]
    >>> len(average_members(members).layers)
    5
    """
    if not members or any(member.tasks != members[0].tasks for member in members):
        raise ValueError(
            "Invalid value received for argument `members`. Expected at least one "
            "model, all with the same tasks. Received: "
            f"{[[task.name for task in member.tasks] for member in members]}"
        )
    if len(members) == 1:
        return members[0]
    inputs = keras.Input(shape=members[0].input_shape[1:], name="features")
    answers = []
    for index, member in enumerate(members):
        # Layers of a model need unique names.
        member.name = f"member_{index}"
        answers.append(member(inputs))
    outputs = {
        task.name: keras.layers.Average(name=task.name, dtype="float32")(
            [answer[task.name] for answer in answers]
        )
        for task in members[0].tasks
    }
    return MultiTaskModel(inputs, outputs, name=name, tasks=members[0].tasks)
