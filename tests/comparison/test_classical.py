import numpy as np
from sklearn.metrics import log_loss

from keras_mtl.comparison.classical import fit_classical
from keras_mtl.tasks import BinaryTask


def test_the_order_of_rows_does_not_tune_the_strength():
    """A species' rows in one inner fold would be all that the fold is judged by."""
    rng = np.random.default_rng(0)
    species = np.repeat([0, 1, 2], 120)
    sex = rng.integers(0, 2, 360)
    size = 3.0 * species + sex + rng.normal(0, 0.5, 360)
    size = (size - size.mean()) / size.std()
    inputs = np.column_stack([size, np.eye(3)[species]]).astype("float32")
    task = BinaryTask("sex")
    labels = sex.astype("float32")
    test = np.arange(360) % 4 == 0
    losses = []
    for order in (np.flatnonzero(~test), rng.permutation(np.flatnonzero(~test))):
        outputs = fit_classical(
            "linear", task, inputs[order], labels[order], inputs[test], seed=0
        )
        losses.append(log_loss(sex[test], outputs[:, 0]))
    assert losses[0] < 1.1 * losses[1]
