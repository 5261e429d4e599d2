"""Metrics of held-out predictions.

Missing labels are left out. Metrics that the rows do not define, such as an AUC over
one class or an R2 over one row, are left out of the result. The numbers are equal to
scikit-learn's. But scikit-learn checks each call, which takes far longer than the
computation, and an evaluation measures thousands of splits and subgroups.
"""

import numpy as np

__all__ = [
    "binary_metrics",
    "multiclass_metrics",
    "multilabel_metrics",
    "regression_metrics",
]


def binary_metrics(
    labels: np.ndarray, probabilities: np.ndarray, threshold: float = 0.5
) -> dict[str, float]:
    """Compute the metrics of a binary task.

    Args:
        labels: Labels 0 or 1, NaN where missing, of shape (N,).
        probabilities: The probabilities of the positive class, of shape (N,).
        threshold: The smallest probability for which the prediction is positive.

    Returns:
        A dict with the keys rows, accuracy, balanced_accuracy, auc, log_loss and brier.

    Example:

    >>> import numpy as np
    >>> metrics = binary_metrics(np.array([0, 1, np.nan]), np.array([0.2, 0.9, 0.1]))
    >>> metrics["rows"], metrics["auc"], round(metrics["brier"], 3)
    (2, 1.0, 0.025)
    """
    truth, probability = _known(labels, probabilities)
    if truth.size == 0:
        return {"rows": 0}
    right = (probability >= threshold) == (truth == 1)
    metrics = {"rows": int(truth.size), "accuracy": float(right.mean())}
    if 0 < truth.sum() < truth.size:
        hits = [right[truth == code].mean() for code in (0, 1)]
        metrics["balanced_accuracy"] = float(np.mean(hits))
        metrics["auc"] = _auc(truth == 1, probability)
    metrics["log_loss"] = _log_loss(np.where(truth == 1, probability, 1 - probability))
    metrics["brier"] = float(np.mean((probability - truth) ** 2))
    return metrics


def multiclass_metrics(
    labels: np.ndarray, probabilities: np.ndarray
) -> dict[str, float]:
    """Compute the metrics of a multi-class task.

    The AUC is the mean over the classes of the AUC of one class against the rest. The
    Brier score is the sum of the squared errors over the classes (Brier 1950).

    Args:
        labels: Class indices, NaN where missing, of shape (N,).
        probabilities: Probabilities of shape (N, classes).

    Returns:
        A dict with the keys rows, accuracy, balanced_accuracy, auc, log_loss and brier.

    Example:

    >>> import numpy as np
    >>> metrics = multiclass_metrics(np.array([0, 1, 2]), np.eye(3))
    >>> metrics["accuracy"], metrics["auc"]
    (1.0, 1.0)
    """
    known_labels, probability = _known(labels, probabilities)
    truth = known_labels.astype(int)
    if truth.size == 0:
        return {"rows": 0}
    # The sum of float32 outputs differs from 1 by rounding.
    probability = probability / probability.sum(axis=1, keepdims=True)
    one_hot = np.eye(probabilities.shape[1])[truth]
    right = probability.argmax(axis=1) == truth
    metrics = {"rows": int(truth.size), "accuracy": float(right.mean())}
    present = np.unique(truth)
    if len(present) > 1:
        # The mean is over the classes of the rows, not over the predicted classes.
        hits = [right[truth == code].mean() for code in present]
        metrics["balanced_accuracy"] = float(np.mean(hits))
        areas = [_auc(truth == code, probability[:, code]) for code in present]
        metrics["auc"] = float(np.mean(areas))
    metrics["log_loss"] = _log_loss(probability[np.arange(len(truth)), truth])
    metrics["brier"] = float(np.mean(np.sum((probability - one_hot) ** 2, axis=1)))
    return metrics


def multilabel_metrics(
    labels: np.ndarray, probabilities: np.ndarray, threshold: float = 0.5
) -> dict[str, float]:
    """Compute the metrics of a multilabel task, as means over the labels.

    Args:
        labels: Labels 0 or 1, NaN where missing, of shape (N, labels).
        probabilities: Probabilities of shape (N, labels).
        threshold: The smallest probability for which the prediction is positive.

    Returns:
        The keys of `binary_metrics`, each a mean over the labels for which it is
        defined. `rows` is the number of rows with at least one label. `subset_accuracy`
        is the share of fully labeled rows in which all predictions are correct.

    Example:

    >>> import numpy as np
    >>> labels = np.array([[0.0, 1.0], [1.0, np.nan]])
    >>> metrics = multilabel_metrics(labels, np.array([[0.1, 0.8], [0.7, 0.2]]))
    >>> metrics["accuracy"], metrics["rows"]
    (1.0, 2)
    """
    columns = [
        binary_metrics(labels[:, i], probabilities[:, i], threshold)
        for i in range(labels.shape[1])
    ]
    metrics: dict[str, float] = {"rows": int((~np.isnan(labels)).any(axis=1).sum())}
    for key in ("accuracy", "balanced_accuracy", "auc", "log_loss", "brier"):
        values = [column[key] for column in columns if key in column]
        if values:
            metrics[key] = float(np.mean(values))
    complete = ~np.isnan(labels).any(axis=1)
    if complete.any():
        right = (probabilities[complete] >= threshold) == (labels[complete] > 0.5)
        metrics["subset_accuracy"] = float(right.all(axis=1).mean())
    return metrics


def regression_metrics(labels: np.ndarray, values: np.ndarray) -> dict[str, float]:
    """Compute the metrics of a regression.

    Args:
        labels: Numbers, NaN where missing, of shape (N,).
        values: Predictions of shape (N,).

    Returns:
        A dict with the keys rows, mae, mse and r2.

    Example:

    >>> import numpy as np
    >>> regression_metrics(np.array([1.0, 3.0]), np.array([1.0, 2.0]))["r2"]
    0.5
    """
    truth, predictions = _known(labels, values)
    if truth.size == 0:
        return {"rows": 0}
    errors = predictions - truth
    mse = float(np.mean(errors**2))
    metrics = {
        "rows": int(truth.size),
        "mae": float(np.mean(np.abs(errors))),
        "mse": mse,
    }
    if np.ptp(truth) > 0:
        metrics["r2"] = float(1 - mse / np.var(truth))
    return metrics


def _known(labels: np.ndarray, outputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the labels that are not missing, and their outputs as float64."""
    known = ~np.isnan(labels)
    values = outputs[known].astype("float64")
    # A NaN would be sorted after all numbers, like the highest score.
    if not np.isfinite(values).all():
        raise ValueError("Expected outputs that are finite. Received: NaN or infinity")
    return labels[known].astype("float64"), values


def _auc(positive: np.ndarray, scores: np.ndarray) -> float:
    """Return the share of pairs in which the positive row scores higher.

    A pair of equal scores counts half, like in the area under the ROC curve.
    """
    negatives = np.sort(scores[~positive])
    positives = scores[positive]
    below = np.searchsorted(negatives, positives, side="left").sum()
    not_above = np.searchsorted(negatives, positives, side="right").sum()
    return float((below + not_above) / 2 / (len(negatives) * len(positives)))


def _log_loss(probability: np.ndarray) -> float:
    """Return the mean log loss from the probabilities of the true classes."""
    smallest = np.finfo("float64").eps
    return float(-np.mean(np.log(np.clip(probability, smallest, 1 - smallest))))
