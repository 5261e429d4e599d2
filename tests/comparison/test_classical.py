import numpy as np
from sklearn.metrics import log_loss

from keras_mtl.comparison.classical import fit_classical
from keras_mtl.tasks import BinaryTask


def test_the_order_of_rows_does_not_tune_the_strength():
    """A species' rows in one inner fold would be all that the fold is judged by."""
    rng = np.random.default_rng(1)
    species = np.repeat([0, 1, 2], 120)
    sex = rng.integers(0, 2, (2, 360))
    size = 6.0 * species + sex + rng.normal(0, 0.5, (2, 360))
    size = (size - size[0].mean()) / size[0].std()
    inputs, test = (
        np.column_stack([each, np.eye(3)[species]]).astype("float32") for each in size
    )
    losses = []
    for order in (np.arange(360), rng.permutation(360)):
        outputs = fit_classical(
            *("linear", BinaryTask("sex"), inputs[order]),
            *(sex[0, order].astype("float32"), test, 0),
        )
        losses.append(log_loss(sex[1], outputs[:, 0]))
    assert losses[0] < 1.1 * losses[1]
