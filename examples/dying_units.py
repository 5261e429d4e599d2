"""ReLU units that die at a high learning rate, and leaky ones that do not.

    python examples/dying_units.py

After a large step, a unit may output zero on every row. Below zero a ReLU has no
gradient, so training cannot bring the unit back. A leaky ReLU has a small gradient
there and recovers.
"""

import keras

from keras_mtl.analysis import UnitActivity, activity_sentences, unit_activity
from keras_mtl.architectures.regressors import build_regressor
from keras_mtl.datasets.curve import load_curve

LEARNING_RATE = 0.05  # Fifty times Adam's default.
EPOCHS = 20


def dead_share(activation: str) -> list[float]:
    """Train one regressor and return its share of dead units per epoch."""
    frame = load_curve()
    train = frame[frame["split"] == "train"]
    x, y = train[["x"]].to_numpy("float32"), train[["y"]].to_numpy("float32")
    keras.utils.set_random_seed(0)
    # Without normalization layers, which would bring most units back.
    model = build_regressor(activation=activation, batch_norm=False)
    model.compile(keras.optimizers.Adam(LEARNING_RATE), "mse")
    history = model.fit(
        x, y, batch_size=64, epochs=EPOCHS, verbose=0, callbacks=[UnitActivity(x)]
    )
    for sentence in activity_sentences(unit_activity(model, x)):
        print(f"  {activation} {sentence}")
    return history.history["no_gradient_units"]


if __name__ == "__main__":
    for activation in ("relu", "leaky_relu"):
        shares = dead_share(activation)
        printed = " ".join(f"{share:.0%}" for share in shares[:: EPOCHS // 5])
        print(f"{activation}: dead units after epochs 1, 5, 9, ...: {printed}")
        print(f"{activation}: at the end {shares[-1]:.0%}")
