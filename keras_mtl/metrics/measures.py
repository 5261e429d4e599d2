"""Measures of held-out answers, by scikit-learn.

Labels that are missing are left out, and a measure that the rows do not define
(an AUC over one class, an R2 over one row) is left out of the result.
"""

import numpy as np

__all__ = [
    "binary_measures",
    "multiclass_measures",
    "multilabel_measures",
    "regression_measures",
]


def binary_measures(
    labels: np.ndarray, probabilities: np.ndarray, threshold: float = 0.5
) -> dict[str, float]:
    """Measures of one yes-or-no answer.

    Args:
        labels: 0, 1 or NaN, of shape (N,).
        probabilities: Of a positive answer, of shape (N,).
        threshold: The probability from which on an answer is positive.

    Returns:
        rows, accuracy, balanced_accuracy, auc, log_loss and brier.

    Example:

    >>> import numpy as np
    >>> measures = binary_measures(np.array([0, 1, np.nan]), np.array([0.2, 0.9, 0.1]))
    >>> measures["rows"], measures["auc"], round(measures["brier"], 3)
    (2, 1.0, 0.025)
    """
    from sklearn import metrics

    known = ~np.isnan(labels)
    truth = labels[known].astype(int)
    probability = probabilities[known].astype("float64")
    if truth.size == 0:
        return {"rows": 0}
    answers = (probability >= threshold).astype(int)
    measures = {
        "rows": int(truth.size),
        "accuracy": float(metrics.accuracy_score(truth, answers)),
    }
    if len(np.unique(truth)) == 2:
        measures["balanced_accuracy"] = float(
            metrics.balanced_accuracy_score(truth, answers)
        )
        measures["auc"] = float(metrics.roc_auc_score(truth, probability))
    measures["log_loss"] = float(metrics.log_loss(truth, probability, labels=[0, 1]))
    measures["brier"] = float(np.mean((probability - truth) ** 2))
    return measures


def multiclass_measures(
    labels: np.ndarray, probabilities: np.ndarray
) -> dict[str, float]:
    """Measures of one answer among several classes.

    The AUC is the mean over the classes of each against the rest; the Brier
    score is the sum over the classes of the squared errors (Brier 1950).

    Args:
        labels: Class indices or NaN, of shape (N,).
        probabilities: Of shape (N, classes).

    Returns:
        rows, accuracy, balanced_accuracy, auc, log_loss and brier.

    Example:

    >>> import numpy as np
    >>> measures = multiclass_measures(np.array([0, 1, 2]), np.eye(3))
    >>> measures["accuracy"], measures["auc"]
    (1.0, 1.0)
    """
    from sklearn import metrics

    known = ~np.isnan(labels)
    truth = labels[known].astype(int)
    probability = probabilities[known].astype("float64")
    if truth.size == 0:
        return {"rows": 0}
    # float32 outputs sum to 1 but for rounding, of which scikit-learn complains.
    probability = probability / probability.sum(axis=1, keepdims=True)
    classes = np.arange(probabilities.shape[1])
    one_hot = np.eye(len(classes))[truth]
    answers = probability.argmax(axis=1)
    measures = {
        "rows": int(truth.size),
        "accuracy": float(metrics.accuracy_score(truth, answers)),
    }
    present = np.unique(truth)
    if len(present) > 1:
        # A mean over the classes in the rows; scikit-learn's own would count
        # only classes that are answered, and warn of others.
        hits = [np.mean(answers[truth == code] == code) for code in present]
        measures["balanced_accuracy"] = float(np.mean(hits))
        areas = [
            metrics.roc_auc_score(truth == code, probability[:, code])
            for code in present
        ]
        measures["auc"] = float(np.mean(areas))
    measures["log_loss"] = float(metrics.log_loss(truth, probability, labels=classes))
    measures["brier"] = float(np.mean(np.sum((probability - one_hot) ** 2, axis=1)))
    return measures


def multilabel_measures(
    labels: np.ndarray, probabilities: np.ndarray, threshold: float = 0.5
) -> dict[str, float]:
    """Measures of several yes-or-no answers: the mean of each one's measures.

    Args:
        labels: 0, 1 or NaN, of shape (N, labels).
        probabilities: Of shape (N, labels).
        threshold: The probability from which on an answer is positive.

    Returns:
        The measures of `binary_measures`, each a mean over the labels that
        define it; rows counts those with any label, and subset_accuracy is the
        share of fully labelled rows in which every answer is right.

    Example:

    >>> import numpy as np
    >>> labels = np.array([[0.0, 1.0], [1.0, np.nan]])
    >>> measures = multilabel_measures(labels, np.array([[0.1, 0.8], [0.7, 0.2]]))
    >>> measures["accuracy"], measures["rows"]
    (1.0, 2)
    """
    columns = [
        binary_measures(labels[:, i], probabilities[:, i], threshold)
        for i in range(labels.shape[1])
    ]
    measures: dict[str, float] = {"rows": int((~np.isnan(labels)).any(axis=1).sum())}
    for key in ("accuracy", "balanced_accuracy", "auc", "log_loss", "brier"):
        values = [column[key] for column in columns if key in column]
        if values:
            measures[key] = float(np.mean(values))
    complete = ~np.isnan(labels).any(axis=1)
    if complete.any():
        right = (probabilities[complete] >= threshold) == (labels[complete] > 0.5)
        measures["subset_accuracy"] = float(right.all(axis=1).mean())
    return measures


def regression_measures(labels: np.ndarray, values: np.ndarray) -> dict[str, float]:
    """Measures of a number.

    Args:
        labels: Numbers or NaN, of shape (N,).
        values: Predictions of shape (N,).

    Returns:
        rows, mae, mse and r2.

    Example:

    >>> import numpy as np
    >>> regression_measures(np.array([1.0, 3.0]), np.array([1.0, 2.0]))["r2"]
    0.5
    """
    from sklearn import metrics

    known = ~np.isnan(labels)
    truth = labels[known].astype("float64")
    answers = values[known].astype("float64")
    if truth.size == 0:
        return {"rows": 0}
    measures = {
        "rows": int(truth.size),
        "mae": float(metrics.mean_absolute_error(truth, answers)),
        "mse": float(metrics.mean_squared_error(truth, answers)),
    }
    if np.ptp(truth) > 0:
        measures["r2"] = float(metrics.r2_score(truth, answers))
    return measures
