"""Rules for the prediction sets and intervals of a kind of task.

A score measures how unlikely a label is under the outputs. The set of a row has the
labels whose score is at most a quantile. The quantile is learned after training.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from keras_mtl.tasks.label_transforms import LabelScale

if TYPE_CHECKING:
    import tensorflow as tf

__all__ = [
    "ClassSetRule",
    "IntervalRule",
    "LabelSetRule",
    "PredictionSetRule",
]

# The separator of the classes of a set, as for the labels of a prediction.
SEPARATOR = "|"
NO, YES = "no", "yes"


@dataclass(frozen=True)
class PredictionSetRule(ABC):
    """Base class of rules for the prediction sets of a kind of task.

    Attributes:
        name: The task's name, the prefix of the names of columns.
    """

    name: str

    @abstractmethod
    def scores(self, labels: np.ndarray, outputs: np.ndarray) -> np.ndarray:
        """Return the scores of the true labels, (N,); NaN where missing.

        Args:
            labels: Encoded labels, (N,) or (N, labels).
            outputs: The head's outputs, of shape (N, units).
        """

    def holds(
        self, labels: np.ndarray, outputs: np.ndarray, quantile: float
    ) -> np.ndarray:
        """Return whether each row's set contains its known label, (N,)."""
        return self.scores(labels, outputs) <= quantile

    @abstractmethod
    def sizes(self, outputs: np.ndarray, quantile: float) -> np.ndarray:
        """Return the number of classes in each set, or the interval's width, (N,)."""

    def own_quantile(self, coverage: float) -> float | None:
        """Return the quantile for a coverage if the outputs determine it.

        Args:
            coverage: The probability that a set contains the label.

        Returns:
            The quantile; None, the default, if it has to be learned from rows.
        """
        del coverage
        return None

    @abstractmethod
    def decode(self, outputs: np.ndarray, quantile: float) -> dict[str, np.ndarray]:
        """Return the columns of a predictions file, each of shape (N,)."""

    @abstractmethod
    def serve(self, outputs: tf.Tensor, quantile: float) -> dict[str, tf.Tensor]:
        """Return the outputs of a predict request by name, inside the graph."""


@dataclass(frozen=True)
class ClassSetRule(PredictionSetRule):
    """Sets of exclusive classes (Sadinle et al. 2019).

    The score of a class is 1 minus its probability. A set always contains the most
    probable class.

    Attributes:
        classes: The names of the classes. For two classes, the outputs may be only the
            probability of the second class.

    Example:

    >>> rule = ClassSetRule("heart", ("no", "yes"))
    >>> outputs = np.array([[0.95], [0.55]], "float32")
    >>> rule.decode(outputs, quantile=0.6)["heart_set"].tolist()
    ['yes', 'no|yes']
    """

    classes: tuple[str, ...]

    def _probabilities(self, outputs: np.ndarray) -> np.ndarray:
        values = np.asarray(outputs, "float32")
        if values.shape[1] == 1:
            values = np.concatenate([1 - values, values], axis=1)
        return values

    def _contains(self, outputs: np.ndarray, quantile: float) -> np.ndarray:
        values = self._probabilities(outputs)
        # In float32, like in the graph.
        inside: np.ndarray = values >= np.float32(1 - quantile)
        return inside | (values == values.max(axis=1, keepdims=True))

    def scores(self, labels: np.ndarray, outputs: np.ndarray) -> np.ndarray:
        known = ~np.isnan(labels)
        scores = np.full(labels.shape, np.nan)
        values = self._probabilities(outputs).astype("float64")
        scores[known] = 1 - values[known, labels[known].astype(int)]
        return scores

    def holds(
        self, labels: np.ndarray, outputs: np.ndarray, quantile: float
    ) -> np.ndarray:
        known = ~np.isnan(labels)
        held = np.zeros(labels.shape, bool)
        inside = self._contains(outputs, quantile)
        held[known] = inside[known, labels[known].astype(int)]
        return held

    def sizes(self, outputs: np.ndarray, quantile: float) -> np.ndarray:
        return self._contains(outputs, quantile).sum(axis=1)

    def decode(self, outputs: np.ndarray, quantile: float) -> dict[str, np.ndarray]:
        words = np.asarray(self.classes, dtype=object)
        inside = self._contains(outputs, quantile)
        sets = [SEPARATOR.join(words[row]) for row in inside]
        return {f"{self.name}_set": np.asarray(sets, dtype=object)}

    def serve(self, outputs: tf.Tensor, quantile: float) -> dict[str, tf.Tensor]:
        import tensorflow as tf

        values = outputs
        if values.shape[1] == 1:
            values = tf.concat([1.0 - values, values], axis=1)
        most = tf.reduce_max(values, axis=1, keepdims=True)
        inside = tf.logical_or(values >= np.float32(1 - quantile), values == most)
        names = tf.tile(tf.constant([self.classes]), [tf.shape(values)[0], 1])
        sets = tf.ragged.boolean_mask(names, inside)
        joined = tf.strings.reduce_join(sets, axis=-1, separator=SEPARATOR)
        return {f"{self.name}_set": joined}


@dataclass(frozen=True)
class LabelSetRule(PredictionSetRule):
    """Sets of yes and no for each of several labels, with a joint coverage.

    The score of a row is the score of its least likely label. A row with a missing
    label has no score.

    Attributes:
        labels: The names of the labels.

    Example:

    >>> rule = LabelSetRule("findings", ("fever", "cough"))
    >>> outputs = np.array([[0.95, 0.45]], "float32")
    >>> {key: list(value) for key, value in rule.decode(outputs, 0.6).items()}
    {'findings_set[fever]': ['yes'], 'findings_set[cough]': ['no|yes']}
    """

    labels: tuple[str, ...]

    def _words(self, outputs: np.ndarray, quantile: float) -> np.ndarray:
        """Return the set of each row and label as text, (N, labels)."""
        yes = np.asarray(outputs, "float32")
        no = 1 - yes
        least = np.float32(1 - quantile)
        has_yes, has_no = (yes >= least) | (yes >= no), (no >= least) | (no >= yes)
        both = f"{NO}{SEPARATOR}{YES}"
        return np.where(has_yes & has_no, both, np.where(has_yes, YES, NO))

    def scores(self, labels: np.ndarray, outputs: np.ndarray) -> np.ndarray:
        yes = np.asarray(outputs, "float32")
        true = np.where(labels == 1, yes, 1 - yes).astype("float64")
        scores: np.ndarray = np.max(np.where(np.isnan(labels), np.nan, 1 - true), 1)
        return scores

    def holds(
        self, labels: np.ndarray, outputs: np.ndarray, quantile: float
    ) -> np.ndarray:
        words = self._words(outputs, quantile)
        held = np.where(labels == 1, words != NO, words != YES)
        return np.all(held & ~np.isnan(labels), axis=1)

    def sizes(self, outputs: np.ndarray, quantile: float) -> np.ndarray:
        words = self._words(outputs, quantile)
        # The number of combinations of yes and no in the sets.
        return np.prod(np.where(np.isin(words, (YES, NO)), 1.0, 2.0), axis=1)

    def decode(self, outputs: np.ndarray, quantile: float) -> dict[str, np.ndarray]:
        words = self._words(outputs, quantile).astype(object)
        return {
            f"{self.name}_set[{label}]": words[:, index]
            for index, label in enumerate(self.labels)
        }

    def serve(self, outputs: tf.Tensor, quantile: float) -> dict[str, tf.Tensor]:
        import tensorflow as tf

        no, least = 1.0 - outputs, np.float32(1 - quantile)
        has_yes = tf.logical_or(outputs >= least, outputs >= no)
        has_no = tf.logical_or(no >= least, no >= outputs)
        one = tf.where(has_yes, YES, NO)
        both = tf.logical_and(has_yes, has_no)
        return {f"{self.name}_set": tf.where(both, f"{NO}{SEPARATOR}{YES}", one)}


@dataclass(frozen=True)
class IntervalRule(PredictionSetRule):
    """Intervals of numbers, whose width is a quantile or a multiple of deviations.

    Without deviations, all rows have intervals of the same width on the task's scale.
    With a transformed scale, scores are on that scale, and intervals are wider where
    labels are further apart. The coverage is the same, since the scale keeps the order.

    Attributes:
        scale: The scale on which widths are equal; by default the scale of the labels.
        has_deviations: Whether the outputs are a number and its standard deviation. The
            width of an interval is then a multiple of the deviation, on the scale of
            the labels.

    Example:

    >>> rule = IntervalRule("age")
    >>> columns = rule.decode(np.array([[60.0]]), quantile=8.0)
    >>> {key: value.tolist() for key, value in columns.items()}
    {'age_low': [52.0], 'age_high': [68.0]}
    """

    scale: LabelScale | None = None
    has_deviations: bool = False

    def scores(self, labels: np.ndarray, outputs: np.ndarray) -> np.ndarray:
        outputs = np.reshape(outputs, (len(outputs), -1))
        predicted = outputs[:, 0]
        if self.scale is not None:
            labels = self.scale.to_standard(labels)
            predicted = self.scale.to_standard(predicted)
        errors = np.abs(labels.astype("float64") - predicted.astype("float64"))
        if self.has_deviations:
            errors /= np.maximum(outputs[:, 1].astype("float64"), 1e-300)
        return errors

    def sizes(self, outputs: np.ndarray, quantile: float) -> np.ndarray:
        if self.scale is None:
            return np.full(len(outputs), 2 * self._half(outputs, quantile))
        low, high = self.decode(outputs, quantile).values()
        return (high - low).astype("float64")

    def own_quantile(self, coverage: float) -> float | None:
        from scipy.stats import norm

        if not self.has_deviations:
            return None
        return float(norm.ppf(0.5 + 0.5 * coverage))

    def decode(self, outputs: np.ndarray, quantile: float) -> dict[str, np.ndarray]:
        outputs = np.reshape(outputs, (len(outputs), -1))
        center = outputs[:, 0]
        if self.scale is not None:
            center = self.scale.to_standard(center)
        half = self._half(outputs, quantile).astype(center.dtype)
        low, high = center - half, center + half
        if self.scale is not None:
            low, high = self.scale.to_labels(low), self.scale.to_labels(high)
        return {f"{self.name}_low": low, f"{self.name}_high": high}

    def serve(self, outputs: tf.Tensor, quantile: float) -> dict[str, tf.Tensor]:
        import tensorflow as tf

        half = quantile * outputs[:, 1:] if self.has_deviations else quantile
        center = outputs[:, :1]
        if self.scale is not None:
            center = self.scale.forward(center)
        low, high = center - half, center + half
        if self.scale is not None:
            low, high = self.scale.backward(low), self.scale.backward(high)
        return {
            f"{self.name}_low": tf.reshape(low, [-1]),
            f"{self.name}_high": tf.reshape(high, [-1]),
        }

    def _half(self, outputs: np.ndarray, quantile: float) -> np.ndarray:
        """Return half the width of each row's interval, (N,), or one number for all."""
        half = np.asarray(quantile, outputs.dtype)
        return half * outputs[:, 1] if self.has_deviations else half
