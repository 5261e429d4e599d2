"""The article's network in JAX, with a hand-written training loop.

This module needs the extra `benchmarks`, for JAX and optax.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from benchmarks.article_rows import Rows
from benchmarks.side_by_side import Milliseconds

__all__ = ["JaxLoop", "Network", "auc", "jax_epochs", "task_losses"]

CLASSES = 3

# The kernel and the bias of a dense layer.
Layer = tuple[jax.Array, jax.Array]
# The dropout masks of a step, one per layer of the trunk.
Masks = list[jax.Array]


class Network(NamedTuple):
    """Weights of a trunk, of a head for three classes, and of a binary head."""

    trunk: list[Layer]
    thal: list[Layer]
    heart: list[Layer]


class Labels(NamedTuple):
    """Labels of both tasks, (N,); NaN where missing."""

    thal: jax.Array
    heart: jax.Array


class State(NamedTuple):
    """State that an epoch changes; with several members, each entry has their axis.

    Attributes:
        network: The weights.
        optimizer: The moments of Adam.
        best: The weights at the best validation loss.
        best_loss: The best validation loss.
        best_epoch: The epoch of the best validation loss, from 0.
        active: Whether the member still trains.
    """

    network: Network
    optimizer: Any
    best: Network
    best_loss: jax.Array
    best_epoch: jax.Array
    active: jax.Array


def initial_network(key: jax.Array, features: int, trunk: Sequence[int]) -> Network:
    """Draw Keras's initial weights: Glorot uniform kernels, biases of 0."""
    keys = iter(jax.random.split(key, len(trunk) + 4))
    kernel = jax.nn.initializers.glorot_uniform()

    def layers(*widths: int) -> list[Layer]:
        return [
            (kernel(next(keys), shape), jnp.zeros(shape[1]))
            for shape in itertools.pairwise(widths)
        ]

    return Network(
        layers(features, *trunk),
        layers(trunk[-1], 32, CLASSES),
        layers(trunk[-1], 16, 1),
    )


def logits(
    network: Network, inputs: jax.Array, masks: Masks | None = None
) -> tuple[jax.Array, jax.Array]:
    """Return the logits of both tasks, (N, classes) and (N,)."""
    hidden = inputs
    for index, layer in enumerate(network.trunk):
        hidden = jax.nn.relu(_dense(layer, hidden))
        if masks is not None:
            hidden = hidden * masks[index]
    thal, heart = (
        _dense(head[1], jax.nn.relu(_dense(head[0], hidden)))
        for head in (network.thal, network.heart)
    )
    return thal, heart[:, 0]


def task_losses(thal: jax.Array, heart: jax.Array, labels: Labels) -> jax.Array:
    """Return the mean losses of both tasks over their labeled rows, (2,).

    Args:
        thal: Logits, (N, classes).
        heart: Logits, (N,).
        labels: The labels.
    """
    known = [~jnp.isnan(values) for values in labels]
    # A NaN would remain in the gradient even if it were masked later.
    filled = [jnp.where(has, y, 0) for has, y in zip(known, labels, strict=True)]
    classes = filled[0].astype(jnp.int32)
    losses = [
        optax.softmax_cross_entropy_with_integer_labels(thal, classes),
        optax.sigmoid_binary_cross_entropy(heart, filled[1]),
    ]
    return jnp.stack(list(map(_mean, losses, known)))


def auc(scores: jax.Array, positive: jax.Array, known: jax.Array) -> jax.Array:
    """Return the area under the ROC curve from ranks; ties count half.

    Of several ways, such as the comparison of all pairs or two calls of `argsort`, this
    was the fastest for 1 to 128 members.

    Args:
        scores: Predictions, (N,).
        positive: Whether each row has the class, (N,).
        known: Whether each row has a label, (N,).
    """
    positives, negatives = positive & known, ~positive & known
    ordered = jnp.sort(jnp.where(negatives, scores, jnp.inf))
    below = jnp.searchsorted(ordered, scores, side="left")
    up_to = jnp.searchsorted(ordered, scores, side="right")
    wins = jnp.sum(jnp.where(positives, (below + up_to) / 2, 0))
    return wins / jnp.maximum(jnp.sum(positives) * jnp.sum(negatives), 1)


def validation_metrics(
    thal: jax.Array, heart: jax.Array, labels: Labels
) -> tuple[jax.Array, ...]:
    """Return accuracy and AUC of thal (averaged over classes), and of heart."""
    has_thal, has_heart = (~jnp.isnan(values) for values in labels)
    ill = labels.heart > 0.5
    chances = jax.nn.softmax(thal)
    areas = [
        auc(chances[:, index], labels.thal == index, has_thal)
        for index in range(CLASSES)
    ]
    return (
        _mean(jnp.argmax(thal, axis=1) == labels.thal, has_thal),
        jnp.mean(jnp.stack(areas)),
        _mean((heart > 0) == ill, has_heart),
        auc(heart, ill, has_heart),
    )


class JaxLoop:
    """Training of one network, or of several at once with `vmap`.

    An epoch is one compiled program: `lax.scan` over the batches, and with validation
    rows also the losses, accuracies and AUCs of both tasks, and early stopping. Members
    share the dropout noise of a step, as in this package.

    Args:
        rows: The training rows.
        validation: The validation rows, or None.
        members: The number of networks.
        batch_size: The number of rows per update. The last batch of an epoch may have
            fewer.
        trunk: The widths of the shared layers.
        dropout: The dropout rate after each shared layer.
        patience: The number of epochs without a better validation loss after which a
            member stops; 0 never stops.
        learning_rate: The learning rate of Adam.
        seed: The seed of weights, batches and noise.
    """

    def __init__(
        self,
        rows: Rows,
        validation: Rows | None = None,
        members: int = 1,
        batch_size: int = 32,
        trunk: Sequence[int] = (32, 64),
        dropout: float = 0.0,
        patience: int = 0,
        learning_rate: float = 1e-3,
        seed: int = 0,
    ) -> None:
        self.members, self.batch_size = members, batch_size
        self.trunk, self.dropout, self.patience = trunk, dropout, patience
        # The epsilon of Keras.
        self.optimizer = optax.adam(learning_rate, eps=1e-7)
        self.count = len(rows.inputs)
        self.steps = -(-self.count // batch_size)
        # The last batch is filled with a row that has no label.
        inputs = np.pad(rows.inputs, ((0, 1), (0, 0)))
        labels = {
            name: np.append(values, np.float32("nan"))
            for name, values in rows.labels.items()
        }
        self.rows = jnp.asarray(inputs), _labels(labels)
        self.validation = None
        if validation is not None:
            inputs = jnp.asarray(validation.inputs)
            self.validation = inputs, _labels(validation.labels)
        self._generator = np.random.default_rng(seed)
        self._key, weights_key = jax.random.split(jax.random.key(seed))
        self.state = self._initial_state(weights_key, rows.inputs.shape[1])
        self.epoch = 0
        # The new state uses the memory of the old state.
        self._program = jax.jit(self._epoch, donate_argnums=0)

    def run_epoch(self) -> dict[str, np.ndarray]:
        """Train an epoch and return its losses and metrics as arrays."""
        key = jax.random.fold_in(self._key, self.epoch)
        self.state, results = self._program(
            self.state, self._order(), key, np.int32(self.epoch)
        )
        self.epoch += 1
        return jax.device_get(results)

    def _initial_state(self, weights_key: jax.Array, features: int) -> State:
        keys = jax.random.split(weights_key, self.members)

        def state(key: jax.Array) -> State:
            network = initial_network(key, features, self.trunk)
            return State(
                network,
                self.optimizer.init(network),
                jax.tree.map(jnp.copy, network),
                jnp.float32(np.inf),
                jnp.int32(0),
                jnp.bool_(True),
            )

        # An axis of length 1 would make one network slower.
        return state(keys[0]) if self.members == 1 else jax.vmap(state)(keys)

    def _order(self) -> np.ndarray:
        """Draw batches, (steps, batch) or (steps, members, batch)."""
        shape = self.steps, self.batch_size
        filling = np.full(self.steps * self.batch_size - self.count, self.count)
        orders = [
            np.concatenate([self._generator.permutation(self.count), filling])
            for _ in range(self.members)
        ]
        batches = [order.astype(np.int32).reshape(shape) for order in orders]
        return batches[0] if self.members == 1 else np.stack(batches, axis=1)

    def _epoch(
        self, state: State, order: jax.Array, key: jax.Array, epoch: jax.Array
    ) -> tuple[State, dict[str, jax.Array]]:
        def step(state: State, batch: Any) -> tuple[State, jax.Array]:
            rows, key = batch
            masks = self._masks(key) if self.dropout else None
            inputs, labels = jax.tree.map(lambda values: values[rows], self.rows)
            train = self._mapped(self._step, (0, 0, 0, None))
            return train(state, inputs, labels, masks)

        keys = jax.random.split(key, self.steps)
        state, losses = jax.lax.scan(step, state, (order, keys))
        results = {"losses": losses.mean(0)}
        if self.validation is not None:
            state, measured = self._mapped(self._validate, (0, None))(state, epoch)
            results |= measured
        return state, results

    def _mapped(self, function: Callable, axes: tuple) -> Callable:
        return function if self.members == 1 else jax.vmap(function, in_axes=axes)

    def _masks(self, key: jax.Array) -> Masks:
        keep = 1 - self.dropout
        return [
            jax.random.bernoulli(own, keep, (self.batch_size, width)) / keep
            for own, width in zip(
                jax.random.split(key, len(self.trunk)), self.trunk, strict=True
            )
        ]

    def _step(
        self, state: State, inputs: jax.Array, labels: Labels, masks: Masks | None
    ) -> tuple[State, jax.Array]:
        def joint_loss(network: Network) -> tuple[jax.Array, jax.Array]:
            losses = task_losses(*logits(network, inputs, masks), labels)
            return losses.sum(), losses

        gradients, losses = jax.grad(joint_loss, has_aux=True)(state.network)
        updates, optimizer = self.optimizer.update(
            gradients, state.optimizer, state.network
        )
        network = optax.apply_updates(state.network, updates)
        new = state._replace(network=network, optimizer=optimizer)
        # A stopped member does not change.
        return (_select(state.active, new, state) if self.patience else new), losses

    def _validate(
        self, state: State, epoch: jax.Array
    ) -> tuple[State, dict[str, jax.Array]]:
        assert self.validation is not None
        inputs, labels = self.validation
        outputs = logits(state.network, inputs)
        losses = task_losses(*outputs, labels)
        metrics = jnp.stack(validation_metrics(*outputs, labels))
        results = {"validation_losses": losses, "metrics": metrics}
        if not self.patience:
            return state, results
        loss = losses.sum()
        better = (loss < state.best_loss) & state.active
        best_epoch = jnp.where(better, epoch, state.best_epoch)
        state = state._replace(
            best=_select(better, state.network, state.best),
            best_loss=jnp.where(better, loss, state.best_loss),
            best_epoch=best_epoch,
            active=state.active & (epoch - best_epoch < self.patience),
        )
        return state, results | {"active": state.active}


def jax_epochs(loop: JaxLoop, epochs: int) -> Callable[[], Milliseconds]:
    """Return a function that continues training and times each epoch.

    An epoch ends when Python can read its results.
    """

    def run() -> Milliseconds:
        times = []
        for _ in range(epochs):
            start = time.perf_counter()
            loop.run_epoch()
            times.append((time.perf_counter() - start) * 1e3)
        return times

    return run


def _dense(layer: Layer, inputs: jax.Array) -> jax.Array:
    kernel, bias = layer
    return inputs @ kernel + bias


def _labels(labels: dict[str, np.ndarray]) -> Labels:
    return Labels(jnp.asarray(labels["thal"]), jnp.asarray(labels["heart"]))


def _mean(values: jax.Array, known: jax.Array) -> jax.Array:
    """Return the mean over the known rows, or 0 without known rows."""
    return jnp.sum(jnp.where(known, values, 0)) / jnp.maximum(jnp.sum(known), 1)


def _select(condition: jax.Array, chosen: Any, other: Any) -> Any:
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), chosen, other)
