"""The settings of architectures, declared without Keras."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field

from keras_mtl._core.declarations import (
    ActivationName,
    Declaration,
    Widths,
    declaration,
)
from keras_mtl._core.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from keras_mtl.features.feature import Feature
    from keras_mtl.tasks.task import Task

__all__ = [
    "COMMON_SETTINGS",
    "ArchitectureSettings",
    "AttentionSettings",
    "ChainSettings",
    "CrossStitchSettings",
    "ExtractionSettings",
    "HardSharingSettings",
    "HomeSettings",
    "MixtureSettings",
    "ProgressiveExtractionSettings",
    "SelectionSettings",
    "SingleTaskSettings",
    "SluiceSettings",
    "SoftSharingSettings",
    "StarSettings",
]

Rate = Annotated[float, Field(ge=0, lt=1)]


@declaration
class ArchitectureSettings(Declaration):
    """Base class of the settings of architectures, with those that all of them have.

    The fields of this class are the keys of `[model]` in TOML. Each architecture has a
    subclass whose additional fields are set in `[model.architecture]` or by
    `--architecture NAME:setting=value`. An architecture ignores the common fields that
    do not apply to it.

    `plain_numbers` names own fields that are factors in the computations of layers,
    which read them by `keras_mtl.layers.setting_value`. A search trains trials that
    differ in these numbers in one program, unless one of them is 0.

    Args:
        trunk: The widths of the shared layers.
        activation: The activation of all hidden layers.
        dropout: The dropout rate after each layer of the trunk.
        input_dropout: The dropout rate of the encoded features.
        batch_norm: Whether hidden layers have a batch normalization.
        input_scaling: Whether each encoded feature is multiplied by a trained factor
            before the first layer. Architectures that are solved in closed form ignore
            it.

    Example:

    >>> @declaration
    ... class TwoTrunks(ArchitectureSettings):
    ...     share: Annotated[float, Field(ge=0, le=1)] = 0.5
    >>> TwoTrunks(share="0.25").trunk
    (32, 64)
    """

    plain_numbers: ClassVar[tuple[str, ...]] = ()

    trunk: Widths = (32, 64)
    activation: ActivationName = "relu"
    dropout: Rate = 0.0
    input_dropout: Rate = 0.0
    batch_norm: bool = False
    input_scaling: bool = False

    def resolve(self, features: Sequence[Feature]) -> Self:
        """Fill the settings that depend on adapted features.

        Args:
            features: The features, in the order of the encoded columns.

        Returns:
            The settings, or a copy with some of them filled.
        """
        return self

    def check_tasks(self, tasks: Sequence[Task]) -> list[str]:
        """Find settings that do not suit the tasks, before the model is built.

        Args:
            tasks: The tasks.

        Returns:
            One message per error.
        """
        del tasks
        return []


@declaration
class HardSharingSettings(ArchitectureSettings):
    """The settings of hard sharing.

    Args:
        skip: Whether the heads read the encoded features in addition to the output of
            the trunk. A head without hidden layers then has a linear part.
    """

    skip: bool = False


@declaration
class SingleTaskSettings(ArchitectureSettings):
    """The settings of single-task networks: one trunk per task, nothing shared.

    Args:
        equal: The property that is equal to the shared trunk of hard sharing. With
            `"widths"`, each trunk has the same widths, so the network is larger. With
            `"parameters"`, all trunks together have as many parameters as the shared
            trunk.
    """

    equal: Literal["widths", "parameters"] = "widths"


@declaration
class SoftSharingSettings(ArchitectureSettings):
    """The settings of soft sharing: one trunk per task and a penalty on their distance.

    Args:
        strength: The penalty's factor. With 0 the trunks are separate.
        penalty: `"l2"`, the squared distance of the weights from their mean; or
            `"trace-norm"`, the nuclear norm of the stacked weights.
    """

    plain_numbers: ClassVar[tuple[str, ...]] = ("strength",)

    strength: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1e-2
    penalty: Literal["l2", "trace-norm"] = "l2"


@declaration
class CrossStitchSettings(ArchitectureSettings):
    """The settings of cross-stitch networks.

    Args:
        own: The initial weight of a task's own activations in the mix.
        per_unit: Whether each unit has its own mixing weights.
        rate: The factor by which mixing weights learn faster than other weights.
    """

    own: Annotated[float, Field(ge=0, le=1)] = 0.5
    per_unit: bool = False
    rate: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0


@declaration
class SluiceSettings(ArchitectureSettings):
    """The settings of sluice networks.

    Args:
        subspaces: The number of subspaces of each task's layers, G. All widths of the
            trunk must be multiples of it.
        own: The initial weight of a subspace itself in the mix.
        rate: The factor by which mixing weights learn faster than other weights.
        overlap: The factor of the penalty on the overlap of the subspaces of a task.
    """

    plain_numbers: ClassVar[tuple[str, ...]] = ("overlap",)

    subspaces: Annotated[int, Field(ge=1, le=64)] = 2
    own: Annotated[float, Field(ge=0, le=1)] = 0.9
    rate: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    overlap: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1e-3


@declaration
class MixtureSettings(ArchitectureSettings):
    """The settings of a mixture of shared experts, MMoE.

    `trunk` is the widths of the layers of each expert.

    Args:
        experts: The number of experts.
        gate_dropout: The dropout rate of the experts at each gate.
    """

    experts: Annotated[int, Field(ge=1, le=1024)] = 8
    gate_dropout: Rate = 0.1


@declaration
class ExtractionSettings(ArchitectureSettings):
    """The settings of customized gate control, CGC.

    `trunk` is the widths of the layers of each expert.

    Args:
        experts: The number of experts that belong to one task, per task.
        shared_experts: The number of experts that all tasks share.
        gate_dropout: The dropout rate of the experts at each gate.
    """

    experts: Annotated[int, Field(ge=1, le=1024)] = 1
    shared_experts: Annotated[int, Field(ge=1, le=1024)] = 1
    gate_dropout: Rate = 0.0


@declaration
class ProgressiveExtractionSettings(ExtractionSettings):
    """The settings of progressive layered extraction, PLE.

    Args:
        levels: The number of levels of experts.
    """

    levels: Annotated[int, Field(ge=1, le=64)] = 2


@declaration
class SelectionSettings(ArchitectureSettings):
    """The settings of DSelect-k: experts chosen by sparse gates.

    `trunk` is the widths of the layers of each expert.

    Args:
        experts: The number of experts.
        selectors: The largest number of experts that a task uses.
        gamma: The width of the smooth step.
        entropy: The factor of the entropy penalty, which makes each selector choose one
            expert.
        reachability: The factor of the penalty on selecting no expert. It matters only
            if the number of experts is not a power of 2.
        per_example: Whether the choice depends on the row.
    """

    plain_numbers: ClassVar[tuple[str, ...]] = ("entropy", "reachability")

    experts: Annotated[int, Field(ge=2, le=1024)] = 8
    selectors: Annotated[int, Field(ge=1, le=64)] = 2
    gamma: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    entropy: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1e-6
    reachability: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1e-2
    per_example: bool = False

    def __post_init__(self) -> None:
        if self.selectors > self.experts:
            raise ValueError(
                f"expected at most as many selectors as experts={self.experts}; "
                f"received selectors={self.selectors}"
            )


@declaration
class AttentionSettings(ArchitectureSettings):
    """The settings of MTAN, which are only the common settings."""


@declaration
class HomeSettings(ExtractionSettings):
    """The settings of experts with HoME's gates.

    `trunk` is the widths of the layers of each expert. The experts' activation is
    always Swish after a normalization.

    Args:
        rank: The rank of each expert's gate on the features.
    """

    rank: Annotated[int, Field(ge=1, le=1024)] = 4


@declaration
class StarSettings(ArchitectureSettings):
    """The settings of STAR: one trunk whose weights have factors per domain.

    Args:
        domain: The name of the feature whose categories are the domains.
        domain_columns: The positions of the domains' columns in the encoded matrix, in
            place of `domain` when the model is built without features.
    """

    domain: str = ""
    domain_columns: tuple[Annotated[int, Field(ge=0)], ...] = ()

    def resolve(self, features: Sequence[Feature]) -> Self:
        if not self.domain:
            return self
        if self.input_scaling:
            raise UserError(
                "model.input_scaling: expected false with the domains of architecture "
                "'star', which are read from the columns that it would scale; received "
                "true. Leave one of them out."
            )
        names = [feature.name for feature in features]
        if self.domain not in names:
            raise UserError(
                f"model.architecture.domain: expected a feature's name; received "
                f"{self.domain!r}.{did_you_mean(self.domain, names)}"
            )
        position = names.index(self.domain)
        first = sum(len(feature.encoded_names) for feature in features[:position])
        if features[position].trained_embedding is not None:
            raise UserError(
                "model.architecture.domain: expected a feature whose categories have "
                f"a column each; received {self.domain!r}, which is embedded. Declare "
                f"it --feature {self.domain}:categorical:embed_above=0."
            )
        count = len(features[position].encoded_names)
        return self.replace(domain_columns=tuple(range(first, first + count)))


@declaration
class ChainSettings(ArchitectureSettings):
    """The settings of a chain, in which tasks depend on each other.

    Args:
        order: The names of the tasks of the chain, in order. Each task depends on the
            previous one; tasks that are not named are independent. By default all tasks
            that are not auxiliary, in the order of their declaration.
        form: How a task depends on the previous one. With `"outputs"`, the outputs of
            the previous task are inputs of its head. With `"product"`, its probability
            is the probability of the previous task times a conditional probability
            given the previous task.
    """

    order: tuple[str, ...] = ()
    form: Literal["outputs", "product"] = "outputs"

    def __post_init__(self) -> None:
        twice = sorted({name for name in self.order if self.order.count(name) > 1})
        if twice:
            raise ValueError(
                "expected an order without a cycle, in which each task is once; "
                f"received twice: {', '.join(twice)}"
            )

    def order_of(self, tasks: Sequence[Task]) -> tuple[str, ...]:
        """Return the names of the tasks of the chain."""
        return self.order or tuple(task.name for task in tasks if not task.auxiliary)

    def check_tasks(self, tasks: Sequence[Task]) -> list[str]:
        from keras_mtl.tasks.binary import BinaryTask

        by_name = {task.name: task for task in tasks}
        order = self.order_of(tasks)
        messages = [
            f"model.architecture.order: expected the names of tasks; received "
            f"{name!r}.{did_you_mean(name, list(by_name))}"
            for name in order
            if name not in by_name
        ]
        chain = [by_name[name] for name in order if name in by_name]
        messages += [
            f"model.architecture.form: expected binary tasks in a chain of products; "
            f"received {task.name!r}, a {type(task).__name__}."
            for task in chain
            if self.form == "product" and not isinstance(task, BinaryTask)
        ]
        helpers: list[str] = []
        for task in chain:
            if task.auxiliary:
                helpers.append(task.name)
            elif helpers:
                messages.append(
                    "model.architecture.order: expected auxiliary tasks behind all "
                    f"others, as their outputs are not predicted. Received: "
                    f"{task.name!r} behind {', '.join(map(repr, helpers))}. Put them "
                    "last, or leave them out of the order."
                )
        return messages


COMMON_SETTINGS = (
    "trunk",
    "activation",
    "dropout",
    "input_dropout",
    "batch_norm",
    "input_scaling",
)
