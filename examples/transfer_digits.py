"""A trunk trained on four tasks about digits, and a new task with 20 labels.

The trunk learns from images of digits whether a digit is even, above 4, a multiple of
3, and has a closed loop. The new task, whether the digit is prime, has 20 labels. It is
trained in three ways: with a new head on the trunk, which is frozen at first; with a
head in closed form on the same trunk; and from scratch. The accuracy is a mean over
several random draws of the 20 labels.

    python examples/transfer_digits.py
"""

import keras
import numpy as np
from sklearn.datasets import load_digits

import keras_mtl as km

FEW = 20
QUESTIONS = {
    "even": {0, 2, 4, 6, 8},
    "above_four": {5, 6, 7, 8, 9},
    "multiple_of_three": {0, 3, 6, 9},
    "closed_loop": {0, 6, 8, 9},
}
PRIME = {2, 3, 5, 7}


def build_layers() -> keras.Model:
    """Build the shared layers: from (8, 8, 1) images to 64 numbers."""
    return keras.Sequential(
        [
            keras.layers.Conv2D(16, 3, activation="relu", padding="same"),
            keras.layers.MaxPooling2D(),
            keras.layers.Conv2D(32, 3, activation="relu", padding="same"),
            keras.layers.Flatten(),
            keras.layers.Dense(64, activation="relu"),
        ],
        name="cnn",
    )


def main(epochs: int = 20, draws: int = 5) -> dict[str, float]:
    """Train on the new task in each way and return the mean accuracies."""
    keras.utils.set_random_seed(0)
    digits = load_digits()
    images = (digits.images[..., None] / 16).astype("float32")
    order = np.random.default_rng(0).permutation(len(images))
    many, rest, test = order[:1000], order[1000:1100], order[1100:]

    def labels(answer: set[int]) -> np.ndarray:
        return np.isin(digits.target, list(answer)).astype("float32")

    known = {name: labels(answer)[many] for name, answer in QUESTIONS.items()}
    tasks = [km.BinaryTask(name, widths=(16,)) for name in QUESTIONS]
    trained = km.build_hard_sharing((8, 8, 1), tasks, trunk=build_layers())
    trained.compile(keras.optimizers.Adam(2e-3))
    trained.fit(images[many], known, batch_size=64, epochs=epochs, verbose=0)

    truth = labels(PRIME)
    found: dict[str, list[float]] = {}

    def measure(way: str, model: km.MultiTaskModel) -> None:
        answers = model.predict(images[test], verbose=0)["prime"][:, 0] > 0.5
        found.setdefault(way, []).append(float(np.mean(answers == truth[test])))

    for draw in range(draws):
        few = rest[draw * FEW : (draw + 1) * FEW]
        rows = images[few], {"prime": truth[few]}
        prime = km.BinaryTask("prime", widths=(16,))
        anew = km.build_hard_sharing((8, 8, 1), [prime], trunk=build_layers())
        anew.compile(keras.optimizers.Adam(2e-3))
        anew.fit(*rows, epochs=60, verbose=0)
        measure("from the beginning", anew)

        model = km.new_head(trained, prime)  # the trunk is frozen
        model.compile(keras.optimizers.Adam(2e-3))
        model.fit(*rows, epochs=60, verbose=0)
        measure("trunk frozen", model)
        km.unfreeze(model)
        model.compile(keras.optimizers.Adam(1e-3), layer_rates={"trunk": 0.1})
        model.fit(*rows, epochs=20, verbose=0)
        measure("then unfrozen at a tenth", model)

        head = km.bayesian_head(trained, prime, *rows, images[many], known)
        measure("Bayesian head", head.model)
    return {way: float(np.mean(each)) for way, each in found.items()}


if __name__ == "__main__":
    for way, value in main().items():
        print(f"{way}: {value:.3f}")
