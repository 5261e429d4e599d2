"""Mapping of a server's outputs to the columns of `predict`, for clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from keras_mtl.serving.answers import serve_answer

if TYPE_CHECKING:
    from keras_mtl.tasks import Task

__all__ = ["served_columns"]

# With this number of rows, two outputs of a task do not agree by chance.
ROWS = 32


def served_columns(task: Task) -> list[dict[str, Any]]:
    """Find the served value of each column that a task writes in a predictions file.

    The served graph and the file are two forms of the same predictions, and each kind
    of task writes both. This function computes both from the same outputs and compares
    them. A plugin therefore does not describe how the forms correspond.

    Args:
        task: The task.

    Returns:
        One dict per served column: its name, `"column"`; the served `"output"`; the
        `"index"` in the output's list, if the output has several values per row; and
        the `"dtype"`.

    Example:

    >>> from keras_mtl.tasks import BinaryTask
    >>> for column in served_columns(BinaryTask("heart")):
    ...     print(column)
    {'column': 'heart_class', 'output': 'heart_class', 'dtype': 'string'}
    {'column': 'heart_probability', 'output': 'heart', 'dtype': 'float32'}
    """
    import tensorflow as tf

    outputs = np.random.default_rng(0).random((ROWS, task.units), dtype="float32")
    with tf.device("CPU"):
        answer = serve_answer(task, tf.constant(outputs))
    # The values of the rows by output and index, in the order of the outputs.
    served: dict[tuple[str, int | None], np.ndarray] = {}
    for name, tensor in answer.outputs.items():
        values = tensor.numpy()
        if values.dtype == object:
            values = np.vectorize(bytes.decode, otypes=[object])(values)
        if values.ndim == 1:
            served[name, None] = values
        else:
            served |= {(name, index): row for index, row in enumerate(values.T)}
    columns = []
    for column, values in {**task.decode(outputs), **task.decode_sets(outputs)}.items():
        places = [place for place, other in served.items() if _equal(values, other)]
        # Of several equal outputs, the output with the name of the column is correct.
        places.sort(key=lambda place: place != (column, None))
        if not places:
            continue
        name, index = places[0]
        # The columns of two labels may agree in all rows, but each has its own output.
        del served[name, index]
        columns.append(
            {"column": column, "output": name}
            | ({} if index is None else {"index": index})
            | {"dtype": answer.outputs[name].dtype.name}
        )
    return columns


def _equal(column: np.ndarray, served: np.ndarray) -> bool:
    column = np.asarray(column)
    if column.dtype.kind in "OUST" or served.dtype == object:
        return column.astype(object).tolist() == served.astype(object).tolist()
    return np.allclose(column, served, rtol=1e-5, atol=1e-6)
