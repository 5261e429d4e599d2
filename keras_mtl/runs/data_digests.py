"""By which data a run is known again."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd

from keras_mtl.runs.prepare import PreparedData

__all__ = ["data_digests"]


def data_digests(data: PreparedData) -> dict[str, str]:
    """Returns a digest of each part of the data, by what messages call it.

    What counts is what the rows hold, not the file they come from.

    Args:
        data: What `prepare_data` prepared.
    """
    digests = {"the number of rows": str(len(data.rows))}
    for feature in data.features:
        name = feature.column_name
        rows = pd.util.hash_pandas_object(data.rows[name], index=False).to_numpy()
        digests[f"column {name}"] = _digest(rows)
    for task in data.tasks:
        digests[f"the labels of {task.name}"] = _digest(data.labels[task.name])
    split = (data.train_rows, data.test_rows, data.groups)
    digests["the split"] = _digest(*split)
    return digests


def _digest(*arrays: np.ndarray) -> str:
    found = hashlib.blake2b(digest_size=16)
    for array in arrays:
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()
