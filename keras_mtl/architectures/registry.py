"""The architectures by name, and the model that settings describe."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from keras_mtl._core.errors import UserError
from keras_mtl._core.named_settings import (
    NamedSettings,
    check_settings,
    parse_named_settings,
)
from keras_mtl._core.registry import Registry
from keras_mtl.architectures.settings import COMMON_SETTINGS, ArchitectureSettings
from keras_mtl.tasks.task import Task

if TYPE_CHECKING:
    from keras_mtl.features import Feature
    from keras_mtl.model import MultiTaskModel

__all__ = [
    "ARCHITECTURES",
    "Builder",
    "build_architecture",
    "check_architecture",
    "register_architecture",
]

# A function from the width of the encoded matrix, the tasks and the settings to a
# model.
Builder = Callable[[int, Sequence[Task], Any], "MultiTaskModel"]

# The module, the builder and the settings of each name.
_BUILT_IN = {
    "hard-sharing": ("hard_sharing:build_core", "HardSharingSettings"),
    "single-task": ("single_task:build_single_task", "SingleTaskSettings"),
    "soft-sharing": ("soft_sharing:build_soft_sharing", "SoftSharingSettings"),
    "cross-stitch": ("cross_stitch:build_cross_stitch", "CrossStitchSettings"),
    "sluice": ("sluice:build_sluice", "SluiceSettings"),
    "mmoe": ("mmoe:build_mmoe", "MixtureSettings"),
    "cgc": ("cgc:build_cgc", "ExtractionSettings"),
    "ple": ("ple:build_ple", "ProgressiveExtractionSettings"),
    "dselect-k": ("dselect_k:build_dselect_k", "SelectionSettings"),
    "home": ("home:build_home", "HomeSettings"),
    "mtan": ("mtan:build_mtan", "AttentionSettings"),
    "star": ("star:build_star", "StarSettings"),
    "chain": ("chain:build_chain", "ChainSettings"),
}
# Architectures with kernels, which are solved for.
_KERNEL = {
    "kernel": ("kernel:build_kernel", "kernel_settings:KernelSettings"),
    "gaussian-process": (
        "gaussian_process:build_gaussian_process",
        "gaussian_process_settings:GaussianProcessSettings",
    ),
}
# Linear architectures, which are solved for and have the same layers.
_LINEAR = {
    "independent": "IndependentSettings",
    "group-sparse": "GroupSparseSettings",
    "dirty": "DirtySettings",
    "low-rank": "LowRankSettings",
    "mean-regularised": "MeanRegularisedSettings",
    "clustered": "ClusteredSettings",
    "hierarchical-bayes": "HierarchicalBayesSettings",
}

ARCHITECTURES: Registry[Builder] = Registry(
    "architecture",
    "one of",
    {
        name: f"keras_mtl.architectures.{builder}"
        for name, (builder, _) in (_BUILT_IN | _KERNEL).items()
    }
    | dict.fromkeys(_LINEAR, "keras_mtl.architectures.linear:build_linear"),
    settings={
        name: f"keras_mtl.architectures.settings:{settings}"
        for name, (_, settings) in _BUILT_IN.items()
    }
    | {
        name: f"keras_mtl.architectures.linear_settings:{settings}"
        for name, settings in _LINEAR.items()
    }
    | {
        name: f"keras_mtl.architectures.{settings}"
        for name, (_, settings) in _KERNEL.items()
    },
)

Function = TypeVar("Function", bound=Callable[..., Any])


def register_architecture(
    name: str, settings: type[ArchitectureSettings] = ArchitectureSettings
) -> Callable[[Function], Function]:
    """Return a decorator that adds an architecture.

    The decorated function builds a model. Its arguments are the width of the encoded
    matrix, the resolved tasks and the checked settings; it returns a `MultiTaskModel`
    whose input is the matrix. The new architecture is chosen like a built-in one: with
    `--architecture NAME`, or in `[model.architecture]` in TOML.

    Args:
        name: The architecture's name.
        settings: The declaration of its settings.

    Raises:
        UserError: If the name is taken, or the settings are not a declaration.

    Example:

    >>> import keras_mtl
    >>> @keras_mtl.register_architecture("wide-sharing")
    ... def build_wide_sharing(width, tasks, settings):
    ...     trunk = [2 * units for units in settings.trunk]
    ...     return keras_mtl.build_hard_sharing(width, tasks, trunk=trunk)
    >>> tasks = [keras_mtl.BinaryTask("heart")]
    >>> build_architecture("wide-sharing", 4, tasks).get_layer("trunk_2").units
    128
    """

    def decorate(build: Function) -> Function:
        if not isinstance(settings, type) or not issubclass(
            settings, ArchitectureSettings
        ):
            raise UserError(
                f"{build.__module__}: expected the settings of architecture {name!r} "
                "to be a subclass of keras_mtl.ArchitectureSettings; received "
                f"{settings!r}."
            )
        ARCHITECTURES.register(name, build, module=build.__module__, settings=settings)
        return build

    return decorate


def check_architecture(value: object) -> NamedSettings:
    """Check an architecture's name and settings, without loading built-in builders.

    Args:
        value: A name, `name:setting=value,...`, or a table with a `name`.

    Raises:
        ValueError: If the name or a setting is invalid.
    """
    return check_settings(
        value, ARCHITECTURES, common=COMMON_SETTINGS, common_place="[model]"
    )


def build_architecture(
    architecture: str | NamedSettings,
    width: int,
    tasks: Sequence[Task],
    common: ArchitectureSettings | None = None,
    features: Sequence[Feature] | None = None,
) -> MultiTaskModel:
    """Build the network of an architecture, whose input is an encoded matrix.

    Args:
        architecture: The name of the architecture, with its settings if any.
        width: The number of columns of the matrix.
        tasks: The resolved tasks.
        common: The settings that all architectures have.
        features: The adapted features of the matrix. They are needed for settings that
            name a feature, and for trained embeddings of features: see `input_layers`.

    Raises:
        UserError: If the name or a setting is invalid, the builder does not return a
            model of these tasks, or the model predicts a task from the output of an
            auxiliary task.
    """
    from keras_mtl.architectures.input_embeddings import (
        embedded_width,
        input_layers,
        put_before,
    )
    from keras_mtl.architectures.main_tasks import require_independence
    from keras_mtl.model import MultiTaskModel

    chosen = check_architecture(parse_named_settings(architecture))
    common = common or ArchitectureSettings()
    shared = {name: getattr(common, name) for name in COMMON_SETTINGS}
    settings = ARCHITECTURES.settings(chosen.name)(**shared, **chosen.settings)
    if features is not None:
        settings = settings.resolve(features)
    layers = input_layers(features or (), settings)
    built_width = embedded_width(width, layers)
    model = ARCHITECTURES.load(chosen.name)(built_width, tasks, settings)
    if not isinstance(model, MultiTaskModel) or model.tasks != tuple(tasks):
        raise UserError(
            f"architecture {chosen.name!r}: expected its builder to return a "
            "MultiTaskModel of the tasks that it is given; received "
            f"{type(model).__name__}."
        )
    require_independence(tasks, model.output)
    return put_before(model, layers, width)
