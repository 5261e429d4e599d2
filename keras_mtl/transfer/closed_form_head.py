"""A linear head in closed form, for very few labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from keras_mtl.architectures import average_members, join_encoder
from keras_mtl.blocks.label_arrays import read_labels
from keras_mtl.features import build_encoder
from keras_mtl.layers import StandardizedOutput
from keras_mtl.linear.posterior import HeadPosterior, labeled_rows
from keras_mtl.linear.uncertain_noise import with_uncertain_noise
from keras_mtl.model import MultiTaskModel
from keras_mtl.tasks import BinaryTask, MulticlassTask, RegressionTask, Task
from keras_mtl.transfer.new_heads import build_on_trunk, check_tasks
from keras_mtl.transfer.prior import HeadLabels, HeadPrior, fit_head_prior
from keras_mtl.transfer.trunk import copy_trunk, set_frozen, trained_members

__all__ = [
    "CLOSED_FORM_KINDS",
    "BayesianHead",
    "bayesian_head",
    "head_labels",
    "member_posterior",
    "set_head",
]

CLOSED_FORM_KINDS = (BinaryTask, MulticlassTask, RegressionTask)


@dataclass(frozen=True)
class BayesianHead:
    """Result of `bayesian_head`: the model, and the posteriors of its head's weights.

    Attributes:
        model: The model of the new task: the frozen trunk, and a dense layer with the
            mean weights.
        posteriors: The posterior of the head's weights, one per member.
        priors: The prior of the head's weights, one per member.
    """

    model: MultiTaskModel
    posteriors: Sequence[HeadPosterior]
    priors: Sequence[HeadPrior]

    def variance(self, inputs: Any) -> np.ndarray:
        """Return the variance of the head's linear output, (N, units).

        For a regression it is the variance of a label, including the noise and its
        uncertainty, in the label's unit squared. For classes it is the variance of the
        logits. With several members, the variance of their means is added.

        Args:
            inputs: The rows, as inputs of the model.

        Raises:
            ValueError: If the task has a transform, as only the variance of the
                transformed label is known.
        """
        (task,) = self.model.tasks
        if isinstance(task, RegressionTask) and task.knots:
            raise ValueError(
                "Expected a task whose labels are not transformed. Received: the "
                f"transform {task.chosen_transform!r} of {task.name!r}. Train the "
                "task with transform='none'."
            )
        means, variances = [], []
        encoded = _encode(self.model, inputs)
        for member, posterior in zip(
            trained_members(self.model), self.posteriors, strict=True
        ):
            features = member.get_layer("trunk").predict(encoded, verbose=0)
            means.append(posterior.predict(features))
            variances.append(posterior.variance(features))
        scale = task.scale if isinstance(task, RegressionTask) else 1.0
        total: np.ndarray = np.mean(variances, axis=0) + np.var(means, axis=0)
        return total * scale**2


def bayesian_head(
    model: MultiTaskModel,
    task: Task,
    inputs: Any,
    labels: Any,
    source_inputs: Any = None,
    source_labels: Mapping[str, Any] | None = None,
) -> BayesianHead:
    """Put a linear head in closed form on a trained trunk.

    The trunk is frozen, and no gradient step is made. The head's weights have the prior
    N(m, S), where m and S are learned by EM from the model's tasks of the same type,
    which have many labels (`fit_head_prior`): from classification tasks for a
    classification task, and from regressions for a regression. Without such tasks, or
    if the new labels are more probable without them, m is 0 and S has equal variances
    for all features. The posterior is exact for a regression, and Laplace's
    approximation for a binary or multi-class task.

    Args:
        model: A trained model. Each member of an ensemble gets a head.
        task: A binary, multi-class or regression task, resolved (see `new_head`). Its
            `widths` are ignored, as the head is linear.
        inputs: The rows of the new task, as inputs of the model.
        labels: The labels of the new task, (N,), or a dict with the name of the task.
        source_inputs: Rows that have labels of the tasks of the model.
        source_labels: The labels of these rows by task name. Tasks can be left out.

    Returns:
        The model with the mean weights, and the posteriors.

    Raises:
        ValueError: If the task is of another kind, or a label is unknown.

    Example:

    >>> import numpy as np
    >>> from keras_mtl.architectures import build_hard_sharing
    >>> from keras_mtl.tasks import BinaryTask
    >>> trained = build_hard_sharing(2, [BinaryTask("heart")], trunk=(8,))
    >>> x = np.array([[0.0, 1.0], [0.0, -1.0], [1.0, 1.0], [1.0, -1.0]], "float32")
    >>> head = bayesian_head(trained, BinaryTask("lung"), x, np.array([0.0, 0, 1, 1]))
    >>> head.model.predict(x, verbose=0)["lung"].shape, head.variance(x).shape
    ((4, 1), (4, 1))
    """
    check_tasks([task], model)
    own = head_labels(task, _read(task, labels))
    encoded = _encode(model, inputs)
    sources: list[HeadLabels] = []
    source_rows = None
    if source_labels is not None and source_inputs is not None:
        source_rows = _encode(model, source_inputs)
        sources = [
            head_labels(each, _read(each, source_labels[each.name]))
            for each in model.tasks
            if each.name in source_labels and isinstance(each, CLOSED_FORM_KINDS)
        ]
    members, posteriors, priors = [], [], []
    for member in trained_members(model):
        trunk = copy_trunk(member)
        set_frozen(trunk, True)
        features = trunk.predict(encoded, verbose=0)
        source_features = None
        if source_rows is not None:
            source_features = trunk.predict(source_rows, verbose=0)
        prior, posterior = member_posterior(features, own, source_features, sources)
        made = build_on_trunk(trunk, [task.replace(widths=())])
        set_head(made, task, posterior)
        members.append(made)
        posteriors.append(posterior)
        priors.append(prior)
    core = average_members(members, name="core")
    if model.features:
        encoder = build_encoder(model.features)
        core = join_encoder(encoder, core, model.features, name=model.name)
    return BayesianHead(core, posteriors, priors)


def member_posterior(
    features: np.ndarray,
    task: HeadLabels,
    source_features: np.ndarray | None,
    sources: Sequence[HeadLabels],
) -> tuple[HeadPrior, HeadPosterior]:
    """Return the prior and the posterior of one member's head.

    Tasks that have little to do with the new one lead its prior astray. Of the
    prior learned from them and the one of equal variances, that under which the new
    task's labels are more probable is taken. The variances of a regression's posterior
    count the uncertainty of its noise: see `with_uncertain_noise`.

    Args:
        features: The trunk's outputs for the rows of the new task, (N, width).
        task: Its labels.
        source_features: The trunk's outputs for the rows of other tasks.
        sources: Their labels, of any kinds.
    """
    known = ~np.isnan(task.labels)
    own = HeadLabels(task.labels[known], task.likelihood, task.classes)
    # With infinitely many further tasks the task itself changes nothing but the noise.
    priors = [fit_head_prior(features[known], [own], further_tasks=np.inf)]
    regression = task.likelihood == "regression"
    alike = [
        each for each in sources if (each.likelihood == "regression") is regression
    ]
    if source_features is not None and alike:
        priors.insert(0, fit_head_prior(source_features, alike))
    found = [(prior, prior.posterior(features, task)) for prior in priors]
    # The first of equals.
    prior, posterior = max(found, key=lambda pair: pair[1].log_evidence)
    # The noise is that of a few labels, or of other tasks.
    rows = labeled_rows(features, task.labels, task.likelihood, task.classes)
    return prior, with_uncertain_noise(rows, posterior)


def head_labels(task: Task, labels: np.ndarray) -> HeadLabels:
    """Return a task's labels as a head sees them: a regression's standardized.

    Raises:
        ValueError: If the task is of a kind without a closed form.
    """
    if isinstance(task, RegressionTask):
        return HeadLabels(task.to_standard(labels).astype("float64"))
    if isinstance(task, BinaryTask):
        return HeadLabels(labels, "binary")
    if isinstance(task, MulticlassTask):
        return HeadLabels(labels, "multiclass", task.units)
    raise ValueError(
        "Invalid value received for argument `task`. Expected a binary, multi-class "
        f"or regression task. Received: {task.name!r} of the kind {task.kind}"
    )


def set_head(member: MultiTaskModel, task: Task, posterior: HeadPosterior) -> None:
    """Give a member's output layer the mean weights."""
    layer = member.get_layer(task.name)
    expected = keras.layers.Dense | StandardizedOutput
    if not isinstance(layer, expected):
        raise ValueError(
            "Invalid value received for argument `task`. Expected a task whose output "
            f"is a dense layer. Received: {type(layer).__name__} of {task.name!r}"
        )
    layer.set_weights([posterior.kernel, posterior.bias])


def _read(task: Task, labels: Any) -> np.ndarray:
    values = labels[task.name] if isinstance(labels, Mapping) else labels
    read = read_labels([task], {task.name: values})[task.name]
    codes = np.asarray(read, "float64")
    if codes.ndim == 2 and codes.shape[1] > 1:
        # One-hot rows; one of zeros or NaN is missing.
        known = np.nan_to_num(codes).sum(axis=1) > 0
        codes = np.where(known, np.nan_to_num(codes).argmax(axis=1), np.nan)
    codes = codes.reshape(len(codes))
    if not isinstance(task, RegressionTask):
        codes = np.where(codes < 0, np.nan, codes)
    return codes


def _encode(model: MultiTaskModel, inputs: Any) -> Any:
    if not model.features:
        return inputs
    return build_encoder(model.features).predict(inputs, verbose=0)
