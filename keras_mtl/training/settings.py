"""The settings of training."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from keras_mtl._core.declarations import Declaration, declaration
from keras_mtl._core.named_settings import NamedSettings
from keras_mtl.weighting.registry import check_weighting

__all__ = ["TrainingSettings"]

# A task's constant weight is its own `loss_weight` here.
NEED_SETTINGS = frozenset({"constant"})


def _check_weighting(value: Any) -> NamedSettings:
    # The method itself loads Keras; its name and settings are checked before.
    return check_weighting(value, exclude=NEED_SETTINGS)


# Of one task.
ClassWeights = (
    Literal["balanced"] | dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]]
)


@declaration
class TrainingSettings(Declaration):
    """The settings of training.

    Args:
        members: The number of networks whose predictions are averaged. Each has its own
            initial weights, order of batches and, with early stopping, validation rows.
        epochs: The largest number of passes over the training rows.
        batch_size: The number of rows per update.
        learning_rate: The initial learning rate of Adam.
        schedule: `"constant"`, or `"cosine"`, which decreases to 0 over the epochs.
        weighting: The method that combines the tasks into one update: a name of
            `keras_mtl.weighting.names()`, with its settings if any, as
            `"cagrad:c=0.4"` or as a table with a `name`.
        weight_decay: The weight decay of AdamW: kernels decay by this number times the
            learning rate (Loshchilov and Hutter 2019). Biases do not decay.
        patience: The number of epochs without a better joint validation loss (the
            sum of the tasks' losses, each times its weight, without auxiliary
            tasks) after which a member stops and restores its best weights; 0
            trains all epochs.
        validation_fraction: The share of the training rows on which each member is
            validated, at most 0.5.
        watch_conflict: Whether the history reports how the tasks' gradients conflict.
            It costs one backward pass per task, unless the weighting needs the
            gradients too.
        class_weights: The weights of the classes in the loss, by task name:
            `"balanced"`, or a dict from class to weight, in which classes that are not
            named have a weight of 1. As in Keras, validation losses and metrics are not
            weighted.
        calibration: `"temperature"` divides the logits of each classification task by a
            number that is learned after training, from the members' validation rows,
            and saved with the model; `"none"` does not. `fit_members` itself ignores
            it.
        coverage: The probability that the prediction set or interval of a row contains
            the true label. The sets are learned after training from the members'
            validation rows, and saved with the model; None for no sets. `fit_members`
            itself ignores it.
        joint_coverage: Whether the coverage applies to all labels of a row together,
            and not to each task separately.
    """

    members: Annotated[int, Field(ge=1, le=1024)] = 1
    epochs: Annotated[int, Field(ge=1)] = 50
    batch_size: Annotated[int, Field(ge=1)] = 32
    learning_rate: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1e-3
    schedule: Literal["constant", "cosine"] = "constant"
    weighting: Annotated[NamedSettings, BeforeValidator(_check_weighting)] = (
        NamedSettings("sum")
    )
    weight_decay: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    patience: Annotated[int, Field(ge=0)] = 0
    validation_fraction: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    watch_conflict: bool = False
    class_weights: dict[str, ClassWeights] = Field(default_factory=dict)
    calibration: Literal["none", "temperature"] = "none"
    coverage: Annotated[float, Field(gt=0, lt=1)] | None = None
    joint_coverage: bool = False
