"""What every fit of a multi-task model watches."""

import math

import keras

__all__ = ["EndOfEpoch", "RequireFiniteLosses"]


class EndOfEpoch(keras.callbacks.Callback):
    """Tells the weighting that an epoch is over."""

    def on_epoch_end(self, epoch, logs=None):
        self.model.end_epoch()


class RequireFiniteLosses(keras.callbacks.Callback):
    """Stops at the first loss that is NaN or infinite, with the task's name."""

    # A compiled loop over batches ends with the one that broke a loss.
    many_batches_a_call = True

    def __init__(self):
        super().__init__()
        self.epoch = 0

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        broken = [
            name
            for name, value in (logs or {}).items()
            if name.endswith("_loss") and not math.isfinite(value)
        ]
        if broken:
            raise FloatingPointError(
                f"Expected finite losses. Received: {', '.join(sorted(broken))} is NaN "
                f"or infinite in epoch {self.epoch + 1}, step {batch + 1}. Lower the "
                "learning rate, or look for extreme values in the inputs and labels."
            )
