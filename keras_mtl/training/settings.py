"""How a model is trained."""

from typing import Annotated, Literal

from pydantic import Field

from keras_mtl.declarations import Declaration, declaration

__all__ = ["TrainingSettings"]


@declaration
class TrainingSettings(Declaration):
    """How the members of a model are trained.

    Args:
        members: How many networks are trained and averaged. Each has initial
            weights, an order of batches and, with early stopping, validation
            rows of its own.
        epochs: How often the training rows are gone through, at most.
        batch_size: The rows of one update.
        learning_rate: Adam's learning rate at the start.
        schedule: `"constant"`, or `"cosine"`: down to 0 over the epochs.
        weight_decay: AdamW's decay of kernels, times the learning rate
            (Loshchilov and Hutter 2019). Biases do not decay.
        patience: The epochs without a better joint validation loss (the sum
            of the tasks' losses, each times its weight) after which a member
            stops and takes its best weights back; 0 trains all epochs.
        validation_fraction: The share of training rows each member leaves for
            its validation.
    """

    members: Annotated[int, Field(ge=1, le=1024)] = 1
    epochs: Annotated[int, Field(ge=1)] = 50
    batch_size: Annotated[int, Field(ge=1)] = 32
    learning_rate: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1e-3
    schedule: Literal["constant", "cosine"] = "constant"
    weight_decay: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    patience: Annotated[int, Field(ge=0)] = 0
    validation_fraction: Annotated[float, Field(ge=0, lt=1)] = 0.0
