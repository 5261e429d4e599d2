"""A small CNN as the trunk: two tasks on images of digits.

The tasks are the digit (10 classes, half of whose labels are missing) and
whether it is even. Any Keras layer, model or callable can be a trunk.

    python examples/image_trunk.py
"""

import keras
import numpy as np
from sklearn.datasets import load_digits

import keras_mtl as km


def build_trunk() -> keras.Model:
    """Build the shared layers: from (8, 8, 1) images to 64 numbers."""
    return keras.Sequential(
        [
            keras.layers.Conv2D(16, 3, activation="relu", padding="same"),
            keras.layers.MaxPooling2D(),
            keras.layers.Conv2D(32, 3, activation="relu", padding="same"),
            keras.layers.GlobalMaxPooling2D(),
            keras.layers.Dense(64, activation="relu"),
        ],
        name="cnn",
    )


def main(epochs: int = 15) -> dict[str, float]:
    """Train the model and return its metrics on held-out images."""
    keras.utils.set_random_seed(0)
    digits = load_digits()
    images = (digits.images[..., None] / 16).astype("float32")
    digit = digits.target.astype("float32")
    digit[::2] = np.nan  # missing labels
    labels = {"digit": digit, "even": (digits.target % 2 == 0).astype("float32")}

    tasks = [
        km.MulticlassTask("digit", classes=tuple("0123456789"), widths=(32,)),
        km.BinaryTask("even", classes=("odd", "even"), widths=(16,)),
    ]
    model = km.build_hard_sharing((8, 8, 1), tasks, trunk=build_trunk())
    model.compile(keras.optimizers.Adam(2e-3))
    order = np.random.default_rng(0).permutation(len(images))
    train, test = order[:1400], order[1400:]
    model.fit(
        images[train],
        {name: values[train] for name, values in labels.items()},
        batch_size=64,
        epochs=epochs,
        verbose=0,
    )
    return model.evaluate(
        images[test],
        {name: values[test] for name, values in labels.items()},
        verbose=0,
        return_dict=True,
    )


if __name__ == "__main__":
    for name, value in main().items():
        print(f"{name}: {value:.3f}")
