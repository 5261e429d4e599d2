"""The model class that every architecture returns."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from keras_mtl._core.html import html_table
from keras_mtl.blocks.batch import Batch
from keras_mtl.blocks.class_weights import class_weight_tables, weigh_classes
from keras_mtl.blocks.input_arrays import read_inputs
from keras_mtl.blocks.pack_batch import pack_batch
from keras_mtl.blocks.task_arguments import name_by_task
from keras_mtl.engine.rows import hold_out_last_rows, rows_in_memory
from keras_mtl.features.feature import Feature
from keras_mtl.features.kinds import deserialize_feature, serialize_feature
from keras_mtl.model._declarations import declare, declared_for
from keras_mtl.model._given_arrays import goes_on, is_arrays, read_arrays
from keras_mtl.model._given_loss import evaluate_on_given_loss, train_on_given_loss
from keras_mtl.model._training_state import load_training_state, training_state
from keras_mtl.model.callbacks import with_own_callbacks
from keras_mtl.model.fit_loop import FitSettings, fit_in_memory
from keras_mtl.model.model_training import ModelTraining
from keras_mtl.tasks import Task, deserialize_task, serialize_task

__all__ = ["MultiTaskModel"]


@keras.saving.register_keras_serializable(package="keras_mtl")
class MultiTaskModel(keras.Model):
    """A functional model with one named output per task.

    It is a `keras.Model`: `fit`, `evaluate`, `predict`, callbacks and saving work as in
    Keras. In addition, the model has tasks, so that `compile` needs neither losses nor
    metrics, and both ignore missing labels. If the inputs are raw features, the model
    has these too.

    Args:
        inputs: A `keras.Input`, or a dict of them by feature name.
        outputs: A dict of tensors by task name.
        name: The model's name.
        tasks: The tasks, in the order of the outputs.
        features: The adapted features, if the inputs are raw features.
        **kwargs: See `keras.Model`.

    Raises:
        ValueError: If the names of the outputs are not the names of the tasks.

    Example:

    >>> import numpy as np
    >>> from keras_mtl.tasks import BinaryTask, RegressionTask
    >>> inputs = keras.Input(shape=(3,))
    >>> hidden = keras.layers.Dense(4, activation="relu")(inputs)
    >>> tasks = [BinaryTask("sick"), RegressionTask("age")]
    >>> outputs = {task.name: task.output_layer()(hidden) for task in tasks}
    >>> model = MultiTaskModel(inputs, outputs, tasks=tasks)
    >>> model.compile("adam")
    >>> y = {"sick": np.array([1.0, np.nan]), "age": np.array([np.nan, 60.0])}
    >>> history = model.fit(np.ones((2, 3)), y, verbose=0)
    >>> sorted(history.history)[:3]
    ['age_loss', 'age_mae', 'age_mse']
    """

    # The positional arguments are those of a functional model. By them, Keras
    # recognizes that it can restore this class from a graph's config.
    def __init__(
        self,
        inputs,
        outputs,
        name=None,
        *,
        tasks: Sequence[Task] = (),
        features: Sequence[Feature] = (),
        **kwargs,
    ):
        super().__init__(inputs, outputs, name=name, **kwargs)
        names = [task.name for task in tasks]
        if tasks and list(outputs) != names:
            raise ValueError(
                "Invalid value received for argument `outputs`. Expected a dict with "
                f"one output per task, in their order: {names}. Received: "
                f"{list(outputs)}"
            )
        self._tasks = tuple(tasks)
        self._features = tuple(features)
        if not tasks:
            self._tasks, self._features = declared_for(outputs)
        self._training: ModelTraining | None = None

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks, in the order of the outputs."""
        return self._tasks

    @property
    def features(self) -> tuple[Feature, ...]:
        """The raw features; empty if the input is an encoded matrix."""
        return self._features

    def task(self, name: str) -> Task:
        """Return a task by its name."""
        return {task.name: task for task in self._tasks}[name]

    def _repr_html_(self) -> str:
        size = f"{self.count_params():,} parameters" if self.built else "not built"
        source = f"{len(self.features)} features" if self.features else "a matrix"
        return html_table(
            f"{self.name}: {len(self.tasks)} tasks from {source}, {size}",
            ("task", "kind", "labels", "outputs", "predictions"),
            [
                (
                    task.name,
                    task.kind,
                    ", ".join(task.label_columns),
                    task.units,
                    ", ".join(task.class_names or task.label_vocabulary) or "numbers",
                )
                for task in self.tasks
            ],
        )

    def compile(
        self,
        optimizer="adam",
        loss=None,
        loss_weights=None,
        metrics=None,
        weighted_metrics=None,
        run_eagerly=False,
        steps_per_execution=1,
        jit_compile="auto",
        auto_scale_loss=True,
        *,
        weighting="sum",
        weight_heads=None,
        layer_rates=None,
    ):
        """Configure the model for training.

        Args:
            optimizer: See `keras.Model.compile`.
            loss: Losses by task name, or a list in the order of the tasks, in place of
                the default losses of the tasks. A single loss is used for all tasks. A
                task whose loss is None is not trained. A loss gets only the rows that
                have a label, and reduces them by its `reduction`.
            loss_weights: Weights by task name, or a list in the order of the tasks, in
                place of the `loss_weight` of the tasks.
            metrics: Metrics by task name, or a list in the order of the tasks, in place
                of the default metrics of the tasks. A metric gets only the rows that
                have a label.
            weighted_metrics: Likewise, for metrics that weigh rows by `sample_weight`.
                They are added to the other metrics of a task.
            run_eagerly: See `keras.Model.compile`.
            steps_per_execution: See `keras.Model.compile`.
            jit_compile: See `keras.Model.compile`. `"auto"` uses XLA where it saves
                time.
            auto_scale_loss: See `keras.Model.compile`.
            weighting: The method that combines the tasks into one update: one of
                `keras_mtl.weighting.names()`, or an instance. `"sum"` adds the losses,
                each times its `loss_weight`.
            weight_heads: Whether the gradient of a loss on the variables of its own
                head is multiplied by the weight of the task. By default it is
                multiplied by methods that weigh losses, and not by methods that combine
                gradients.
            layer_rates: Factors of the learning rate by layer name, such as `{"trunk":
                0.1}` for a pretrained trunk. A nested model counts as a layer.

        Raises:
            ValueError: If the model has no tasks, a name is not that of a task or a
                layer, the weighting is unknown, or `layer_rates` is used with several
                replicas.

        Example:

        >>> from keras_mtl.architectures import build_hard_sharing
        >>> from keras_mtl.tasks import BinaryTask
        >>> tasks = [BinaryTask("heart"), BinaryTask("lung")]
        >>> model = build_hard_sharing(4, tasks)
        >>> model.compile(keras.optimizers.Adam(1e-3), weighting="pcgrad")
        >>> model.weighting
        PCGrad(seed=None)
        """
        if not self._tasks:
            raise ValueError(
                "Expected a model with tasks: pass `tasks` when you make it, one per "
                "output. Received: a model without tasks."
            )
        execution = {
            "run_eagerly": run_eagerly,
            "steps_per_execution": steps_per_execution,
            "jit_compile": jit_compile,
            "auto_scale_loss": auto_scale_loss,
        }
        arguments = {
            "loss": loss,
            "loss_weights": loss_weights,
            "metrics": metrics,
            "weighted_metrics": weighted_metrics,
            "weighting": weighting,
            "weight_heads": weight_heads,
            "layer_rates": layer_rates,
        }
        if layer_rates and self._distributed:
            raise ValueError(
                "Invalid value received for argument `layer_rates`. Expected None "
                "under a strategy of several replicas, which update variables "
                f"together. Received: layer_rates={layer_rates}"
            )
        self._training = ModelTraining(self, jit_compile=jit_compile, **arguments)
        if not self._training.suits_xla:
            execution["jit_compile"] = False
        # A function hides the metrics: Keras would log metrics that it finds in a dict.
        self._compile_arguments = lambda: {**arguments, **execution}
        super().compile(optimizer=optimizer, **execution)
        # For readers such as Keras's wrappers for scikit-learn.
        self.loss = self._training.task_losses

    @property
    def weighting(self):
        """The weighting, or None before `compile`."""
        return None if self._training is None else self._training.step.weighting

    @property
    def weighting_state(self) -> dict[str, keras.Variable]:
        """The state of the weighting: variables by name, saved with the model."""
        return {} if self._training is None else self._training.weighting_state

    @property
    def metrics(self):
        # Keras's own order: the total loss, the metrics, the outputs' losses.
        if self._training is None:
            return super().metrics
        training = self._training
        of_tasks = [*training.block_metrics, *training.given_metrics]
        own = [metric for _, metric in of_tasks]
        return [*super().metrics, *own, training.loss_trackers]

    def train_step(self, data):
        batch = self._pack(data)
        if self._overrides("compute_loss"):
            outputs = train_on_given_loss(self, batch, data)
        else:
            outputs = self._compiled().train(batch)
        return self._logs(data, outputs)

    def test_step(self, data):
        batch = self._pack(data)
        if self._overrides("compute_loss"):
            outputs = evaluate_on_given_loss(self, batch, data)
        else:
            outputs = self._compiled().test(batch)
        return self._logs(data, outputs)

    def _logs(self, data: Any, outputs: tuple[Any, ...]) -> Any:
        """Return the logs of a step, for the tasks that have labels."""
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        if self._overrides("compute_metrics"):
            named = self._compiled().step.blocks.by_task(outputs)
            logs = self.compute_metrics(x, y, named, sample_weight)
        else:
            logs = self.get_metrics_result()
        return self._compiled().logged(logs, self._labeled(y))

    def _labeled(self, labels: Any) -> frozenset[str]:
        """Return the names of the tasks that have labels."""
        named = name_by_task("y", labels, [task.name for task in self._tasks])
        return frozenset(name for name, values in named.items() if values is not None)

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        """Compute the total loss of the tasks. See `keras.Model.compute_loss`.

        If a subclass overrides this method, the model is trained on the returned loss,
        and the weighting is not used.

        Returns:
            The sum of the tasks' losses, each times its weight, and of the
            model's own losses.
        """
        compiled = self._compiled()
        batch = self._pack((x, y, sample_weight))
        losses, _ = compiled.losses(batch, self._by_block(y_pred))
        total = tf.reduce_sum(losses * compiled.constant_weights())
        return total + sum(tf.cast(each, total.dtype) for each in self.losses)

    def _by_block(self, outputs: Mapping[str, Any]) -> tuple[Any, ...]:
        """Stack outputs by task name into outputs by block, (T, N, units)."""
        return tuple(
            tf.stack([outputs[name] for name in block.names])
            for block in self._compiled().step.blocks.blocks
        )

    def _overrides(self, *names: str) -> bool:
        """Return whether a subclass overrides one of these methods."""
        return any(
            getattr(type(self), name) is not getattr(MultiTaskModel, name)
            for name in names
        )

    def _pack(self, data) -> Batch:
        return pack_batch(
            self._compiled().step.blocks,
            Batch(*keras.utils.unpack_x_y_sample_weight(data)),
        )

    def _compiled(self) -> ModelTraining:
        if self._training is None:
            raise ValueError("Expected a compiled model. Call `compile` first.")
        return self._training

    def end_epoch(self) -> None:
        """Update a weighting whose state changes once per epoch; called by `fit`."""
        self._compiled().end_of_epoch()

    def watch_gradients(self, on: bool) -> None:
        """Start or stop recording how the tasks' gradients conflict in `fit`.

        The training step is compiled again, so that recording costs no time while it is
        off. `watched_gradients` returns the result.
        """
        self._compiled().watch(on)
        if self.train_function is not None:
            self.make_train_function(force=True)

    def watched_gradients(self) -> dict[str, float]:
        """Return how the tasks' gradients conflicted since the last call.

        The values are means over the steps. The keys are those of
        `keras_mtl.analysis.conflict_columns`.
        """
        watched = self._compiled().watched
        if watched is None:
            raise ValueError("Expected `watch_gradients(True)` before the steps.")
        return watched.take()

    def fit(
        self,
        x=None,
        y=None,
        batch_size=None,
        epochs=1,
        verbose="auto",
        callbacks=None,
        validation_split=0.0,
        validation_data=None,
        shuffle=True,
        class_weight=None,
        sample_weight=None,
        initial_epoch=0,
        steps_per_epoch=None,
        validation_steps=None,
        validation_batch_size=None,
        validation_freq=1,
    ):
        """Train the model. See `keras.Model.fit`.

        For rows in memory (arrays, tensors, DataFrames), an epoch is one compiled
        function that contains the loop over the batches. Keras's own training loop is
        used for other data, for several devices, and for a subclass that overrides
        `train_step`, `test_step`, `compute_loss` or `compute_metrics`. Both give the
        same result.

        Args:
            x: The inputs.
            y: The labels: a dict by task name, a DataFrame with columns of these names,
                or a list in the order of the tasks; a single array for one task. The
                labels of a classification task are class indices, one-hot rows or, in
                arrays, names of classes. A missing label is NaN, or -1 among class
                indices. A task that is left out is neither trained nor reported. Arrays
                are checked once, before training.
            batch_size: The number of rows per update, 32 by default.
            epochs: See Keras.
            verbose: See Keras.
            callbacks: See Keras. A callback that overrides a method for batches is
                called at each batch, which is slower; a warning reports this.
            validation_split: See Keras.
            validation_data: See Keras.
            shuffle: See Keras.
            class_weight: A dict by task name. Each value is a dict from class (its
                index or its name) to weight, an array with one weight per class, or
                `"balanced"`, which gives all classes the same total weight. For a model
                with one task, the value alone is accepted; `"balanced"` alone applies
                to all classification tasks. The weight of the class multiplies the
                weight of a row in the loss of this task, in this call only.
            sample_weight: The weights of the rows, of shape (N,), or a dict of such
                arrays by task name; None gives all rows of a task the same weight.
            initial_epoch: See Keras.
            steps_per_epoch: See Keras.
            validation_steps: See Keras.
            validation_batch_size: See Keras.
            validation_freq: See Keras.

        Returns:
            A `keras.callbacks.History`.

        Raises:
            FloatingPointError: If the loss of a task is no longer finite. The message
                names the task and the step.
            ValueError: If a class weight is not for a class of its task, a name is not
                that of a task, or a label is unknown to its task.
        """
        training = self._compiled()
        if batch_size is not None and batch_size < 1:
            raise ValueError(
                "Invalid value received for argument `batch_size`. Expected 1 or more. "
                f"Received: {batch_size}"
            )
        x = read_inputs(self, x)
        y, sample_weight = self._read_arrays(y, sample_weight)
        if isinstance(validation_data, tuple | list) and len(validation_data) > 1:
            x_held_out, y_held_out, *weights = validation_data
            validation_data = (
                read_inputs(self, x_held_out),
                *self._read_arrays(y_held_out, *(weights or [None])),
            )
        tables = class_weight_tables(self.tasks, class_weight, y)
        callbacks = with_own_callbacks(callbacks)
        rows = None
        if (
            steps_per_epoch is None
            and shuffle in (True, False)
            and not self._distributed
            and not self._overrides(*_OWN_STEPS)
            and not goes_on(validation_data, validation_steps)
        ):
            rows = rows_in_memory((x, y, sample_weight))
        if rows is None:
            with self._weighing_classes(tables):
                return super().fit(
                    x,
                    y,
                    batch_size=batch_size,
                    epochs=epochs,
                    verbose=verbose,
                    callbacks=callbacks,
                    validation_split=validation_split,
                    validation_data=validation_data,
                    shuffle=shuffle,
                    sample_weight=sample_weight,
                    initial_epoch=initial_epoch,
                    steps_per_epoch=steps_per_epoch,
                    validation_steps=validation_steps,
                    validation_batch_size=validation_batch_size,
                    validation_freq=validation_freq,
                )
        batch_size = batch_size or 32
        held_out = evaluate = None
        if validation_split and validation_data is None:
            rows, last_rows = hold_out_last_rows(rows, validation_split)
            held_out = self._pack(last_rows.data)
        elif validation_data is not None:
            held_out, evaluate = self._validation(
                validation_data, validation_batch_size or batch_size
            )
        blocks = training.step.blocks
        return fit_in_memory(
            self,
            training,
            weigh_classes(blocks, self._pack(rows.data), tables),
            FitSettings(
                batch_size,
                epochs,
                verbose,
                shuffle,
                initial_epoch,
                validation_freq,
                validation_batch_size or batch_size,
            ),
            callbacks,
            held_out,
            evaluate,
            self._labeled(y),
            self._labeled(y if validation_data is None else validation_data[1])
            if held_out is not None
            else (),
        )

    def train_on_batch(
        self, x, y=None, sample_weight=None, class_weight=None, return_dict=False
    ):
        """Make one update. See `keras.Model.train_on_batch`.

        Args:
            x: The inputs.
            y: See `fit`.
            sample_weight: See `fit`.
            class_weight: See `fit`.
            return_dict: See Keras.

        Example:

        >>> import numpy as np
        >>> from keras_mtl.architectures import build_hard_sharing
        >>> from keras_mtl.tasks import BinaryTask
        >>> model = build_hard_sharing(4, [BinaryTask("heart")])
        >>> model.compile()
        >>> x, y = np.ones((2, 4)), {"heart": np.array([0.0, 1.0])}
        >>> logs = model.train_on_batch(x, y, class_weight={1: 2.0}, return_dict=True)
        >>> sorted(logs)
        ['heart_accuracy', 'heart_auc', 'heart_loss', 'loss']
        """
        x = read_inputs(self, x)
        y, sample_weight = self._read_arrays(y, sample_weight, is_part=True)
        tables = class_weight_tables(self.tasks, class_weight, y)
        if tables:
            blocks = self._compiled().step.blocks
            batch = self._pack((x, y, sample_weight))
            weights = weigh_classes(blocks, batch, tables).sample_weights
            sample_weight = blocks.by_task(weights, axis=1)
        return super().train_on_batch(
            x, y, sample_weight=sample_weight, return_dict=return_dict
        )

    def test_on_batch(self, x, y=None, sample_weight=None, return_dict=False):
        """Evaluate one batch. See `keras.Model.test_on_batch`."""
        x = read_inputs(self, x)
        y, sample_weight = self._read_arrays(y, sample_weight, is_part=True)
        return super().test_on_batch(
            x, y, sample_weight=sample_weight, return_dict=return_dict
        )

    def evaluate(self, x=None, y=None, *args, sample_weight=None, **kwargs):
        """Return losses and metrics. See `keras.Model.evaluate`, and `fit` for `y`."""
        x = read_inputs(self, x)
        y, sample_weight = self._read_arrays(y, sample_weight)
        return super().evaluate(x, y, *args, sample_weight=sample_weight, **kwargs)

    def predict(self, x, *args, **kwargs):
        """Return predictions by task name. See `keras.Model.predict`."""
        return super().predict(read_inputs(self, x), *args, **kwargs)

    def predict_on_batch(self, x):
        """Return predictions of one batch. See `keras.Model.predict_on_batch`."""
        return super().predict_on_batch(read_inputs(self, x))

    def _read_arrays(self, y: Any, sample_weight: Any, is_part: bool = False) -> Any:
        """Return checked labels by task name, and sample weights."""
        given = () if y is None else self._compiled().tasks_with_given_loss
        return read_arrays(self._tasks, given, y, sample_weight, is_part)

    @contextlib.contextmanager
    def _weighing_classes(self, tables):
        """Apply class weights in Keras's own loop while the context lasts."""
        training = self._compiled()
        if not tables:
            yield
            return
        training.class_weights = tables
        self.make_train_function(force=True)
        try:
            yield
        finally:
            training.class_weights = {}
            # The compiled function contains the weights of this call.
            self.train_function = None

    @property
    def _distributed(self) -> bool:
        return self.distribute_strategy.num_replicas_in_sync > 1

    def _validation(self, data, batch_size):
        """Return held-out rows in memory, or a function that evaluates others."""
        # Keras accepts any kind of data here, independent of the training rows.
        x, y, sample_weight = data, None, None
        if isinstance(data, tuple | list):
            x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(tuple(data))
        rows = rows_in_memory((x, y, sample_weight))
        held_out = None if rows is None else self._pack(rows.data)
        del rows

        def evaluate(callbacks):
            arrays = {"batch_size": batch_size} if is_arrays(x) else {}
            return self.evaluate(
                x,
                y,
                sample_weight=sample_weight,
                callbacks=callbacks,
                return_dict=True,
                **arrays,
            )

        return held_out, evaluate

    # `keras.models.clone_model` runs new layers through the graph and passes their
    # outputs, but neither tasks nor features, to the constructor. Keras has no public
    # hook for this. Only this private method knows both the model and the outputs of
    # its clone.
    def _run_through_graph(self, inputs, *args, **kwargs):
        outputs = super()._run_through_graph(inputs, *args, **kwargs)
        declare(self, outputs)
        return outputs

    def save(self, filepath, *args, **kwargs):
        """Save the model as a `.keras` file. See `keras.Model.save`."""
        if str(filepath).endswith((".h5", ".hdf5")):
            raise ValueError(
                "Invalid value received for argument `filepath`. Expected a name that "
                "ends in `.keras`: the legacy HDF5 format has no place for tasks. "
                f"Received: {filepath}"
            )
        super().save(filepath, *args, **kwargs)

    def export(self, filepath, *args, **kwargs):
        """Export the model for inference. See `keras.Model.export`."""
        # Keras exports only a model that was called, and `fit` calls only its graph.
        self(
            keras.tree.map_structure(
                lambda tensor: tf.zeros(
                    [size or 1 for size in tensor.shape], tensor.dtype
                ),
                self.input,
            )
        )
        super().export(filepath, *args, **kwargs)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "tasks": [serialize_task(task) for task in self._tasks],
            "features": [serialize_feature(feature) for feature in self._features],
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        config = dict(config)
        tasks = [deserialize_task(task) for task in config.pop("tasks")]
        features = [deserialize_feature(item) for item in config.pop("features")]
        model = super().from_config(config, custom_objects=custom_objects)
        model._tasks = tuple(tasks)
        model._features = tuple(features)
        return model

    # Keras saves only the arguments of its own `compile`, and does not call an
    # overridden one.
    def get_compile_config(self):
        if not self.compiled:
            return None
        arguments = {"optimizer": self.optimizer, **self._compile_arguments()}
        return keras.saving.serialize_keras_object(arguments)

    def compile_from_config(self, config):
        self.compile(**keras.saving.deserialize_keras_object(config))
        if self.built:
            self.optimizer.build(self.trainable_variables)

    def save_own_variables(self, store):
        super().save_own_variables(store)
        for name, variable in training_state(self).items():
            store[name] = variable

    def load_own_variables(self, store):
        load_training_state(self, store)


# `fit` uses Keras's own loop for a subclass that overrides one of these.
_OWN_STEPS = ("train_step", "test_step", "compute_loss", "compute_metrics")
