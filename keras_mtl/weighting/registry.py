"""The methods by name, and the creation of instances."""

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from keras_mtl._core.errors import UserError, did_you_mean
from keras_mtl._core.registry import Registry

if TYPE_CHECKING:
    # Imports pydantic, which `import keras_mtl` does not need.
    from keras_mtl._core.named_settings import NamedSettings
    from keras_mtl.weighting.base import Weighting

__all__ = [
    "WEIGHTINGS",
    "check_weighting",
    "get",
    "load",
    "names",
    "register_weighting",
]

# The module, the class and the declaration of settings of each method. The modules
# import Keras, so they are loaded when an instance is created; names and settings are
# checked without them.
_METHODS = {
    "sum": ("sum", "Sum", "NoSettings"),
    "mean": ("mean", "Mean", "NoSettings"),
    "constant": ("constant", "Constant", "ConstantSettings"),
    "uncertainty": ("uncertainty", "Uncertainty", "UncertaintySettings"),
    "dwa": ("dwa", "DWA", "DWASettings"),
    "rlw": ("rlw", "RLW", "RLWSettings"),
    "geometric": ("geometric", "Geometric", "ScaleSettings"),
    "famo": ("famo", "FAMO", "FAMOSettings"),
    "stch": ("stch", "STCH", "STCHSettings"),
    "imtl-l": ("imtl_l", "IMTLL", "IMTLLSettings"),
    "gradnorm": ("gradnorm", "GradNorm", "GradNormSettings"),
    "mgda": ("mgda", "MGDA", "ScaleSettings"),
    "pcgrad": ("pcgrad", "PCGrad", "SeedSettings"),
    "gradvac": ("gradvac", "GradVac", "GradVacSettings"),
    "cagrad": ("cagrad", "CAGrad", "CAGradSettings"),
    "imtl-g": ("imtl_g", "IMTLG", "ScaleSettings"),
    "nash-mtl": ("nash_mtl", "NashMTL", "ScaleSettings"),
    "fairgrad": ("fairgrad", "FairGrad", "FairGradSettings"),
    "aligned-mtl": ("aligned_mtl", "AlignedMTL", "ScaleSettings"),
    "upgrad": ("upgrad", "UPGrad", "ScaleSettings"),
    "dualproj": ("dualproj", "DualProj", "ScaleSettings"),
    "config": ("config", "ConFIG", "NoSettings"),
    "graddrop": ("graddrop", "GradDrop", "GradDropSettings"),
    "db-mtl": ("db_mtl", "DBMTL", "DBMTLSettings"),
    "moco": ("moco", "MoCo", "MoCoSettings"),
    "sdmgrad": ("sdmgrad", "SDMGrad", "SDMGradSettings"),
    "modo": ("modo", "MoDo", "MoDoSettings"),
    "excess-mtl": ("excess_mtl", "ExcessMTL", "ExcessMTLSettings"),
    "gradient-similarity": (
        "gradient_similarity",
        "GradientSimilarity",
        "GradientSimilaritySettings",
    ),
}

WEIGHTINGS: Registry[type["Weighting"]] = Registry(
    "weighting",
    "one of",
    {
        name: f"keras_mtl.weighting.{module}:{class_name}"
        for name, (module, class_name, _) in _METHODS.items()
    },
    settings={
        name: f"keras_mtl.weighting.settings:{settings}"
        for name, (_, _, settings) in _METHODS.items()
    },
)

Class = TypeVar("Class", bound=type)


def register_weighting(name: str) -> Callable[[Class], Class]:
    """Return a decorator that adds a weighting.

    The class must be a subclass of `keras_mtl.weighting.LossWeighting`,
    `GramianWeighting` or `JacobianAggregator`. The new method is chosen like a built-in
    one: with `compile(weighting="NAME")` or `--weighting NAME`. Its settings are the
    arguments of its constructor, which are checked by their annotations, such as
    `strength: Annotated[float, Field(gt=0)] = 1.0`.

    The class is registered with Keras as well, so that models that use it can be saved
    and loaded.

    Args:
        name: The name of the method.

    Raises:
        UserError: If the name is taken, or the class is not a weighting.

    Example:

    >>> import keras_mtl
    >>> from keras_mtl.weighting import LossWeighting
    >>> @keras_mtl.register_weighting("doubled")
    ... class Doubled(LossWeighting):
    ...     def weigh(self, problem, state):
    ...         return 2.0 * problem.active, state
    >>> get("doubled").aggregate([[1.0, 0.0], [0.0, 1.0]])
    array([2., 2.])
    """

    def decorate(cls: Class) -> Class:
        import keras

        from keras_mtl.weighting.base import Weighting

        if not isinstance(cls, type) or not issubclass(cls, Weighting):
            raise UserError(
                f"{getattr(cls, '__module__', '')}: expected a subclass of "
                "keras_mtl.weighting.LossWeighting, GramianWeighting or "
                f"JacobianAggregator as the weighting {name!r}; received {cls!r}."
            )
        WEIGHTINGS.register(name, cls, module=cls.__module__)
        if keras.saving.get_registered_object(keras.saving.get_registered_name(cls)):
            return cls
        register = keras.saving.register_keras_serializable(package=cls.__module__)
        registered: Class = register(cls)
        return registered

    return decorate


def check_weighting(
    value: object, exclude: frozenset[str] = frozenset()
) -> "NamedSettings":
    """Check a method's name and settings, without loading built-in methods.

    Args:
        value: A name, `name:setting=value,...`, or a table with a `name`.
        exclude: The names of methods that are not allowed here.

    Raises:
        ValueError: If the name or a setting is invalid.
    """
    from keras_mtl._core.named_settings import check_settings

    chosen = check_settings(value, WEIGHTINGS, exclude)
    if chosen.name not in WEIGHTINGS.builtin:
        # The constructor may check more than its annotations.
        try:
            WEIGHTINGS.load(chosen.name)(**chosen.settings)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{chosen.name!r} refuses its settings: {error}") from None
    return chosen


def names() -> tuple[str, ...]:
    """Return the names of all weightings, for `keras_mtl.weighting.get`.

    The call imports neither Keras nor TensorFlow.

    Example:

    >>> "pcgrad" in names()
    True
    """
    return tuple(WEIGHTINGS)


def load(name: str) -> type["Weighting"]:
    """Return the class of the method `name`.

    Args:
        name: One of `names()`. Case does not matter, and `_` stands for `-`.

    Raises:
        UserError: If the name is unknown. It is a `ValueError`.
    """
    key = name if name in WEIGHTINGS else name.lower().replace("_", "-")
    if key not in WEIGHTINGS:
        raise UserError(
            "Unknown value for argument `weighting`. Expected one of "
            f"{', '.join(WEIGHTINGS)}. Received: weighting={name!r}."
            f"{WEIGHTINGS.hint(key)}"
        )
    return WEIGHTINGS.load(key)


def get(
    identifier: "str | NamedSettings | Weighting | Mapping[str, Any]", **settings: Any
) -> "Weighting":
    """Create a weighting from its name or from a serialized config.

    Args:
        identifier: One of `names()`, with settings if any, such as `"cagrad:c=0.4"`; a
            `NamedSettings`; a weighting, which is returned unchanged; or a dict from
            `keras.saving.serialize_keras_object`.
        **settings: The constructor arguments of the method.

    Returns:
        A `Weighting`.

    Raises:
        UserError: If the name or a setting is unknown, or settings are passed with an
            instance. It is a `ValueError`.

    Example:

    >>> get("cagrad", c=0.4).get_config()
    {'scale': 'sum', 'c': 0.4}
    """
    from keras_mtl._core.named_settings import NamedSettings

    if isinstance(identifier, str) and ":" in identifier:
        identifier = check_weighting(identifier)
    if isinstance(identifier, NamedSettings):
        settings = {**identifier.settings, **settings}
        identifier = identifier.name
    if isinstance(identifier, str):
        method = load(identifier)
        _check_settings(identifier, method, settings)
        return method(**settings)

    from keras_mtl.weighting.base import Weighting

    if settings:
        raise UserError(
            "Settings are for a method given by its name. Received: "
            f"weighting={identifier!r} with {', '.join(settings)}."
        )
    if isinstance(identifier, Mapping):
        import keras

        identifier = keras.saving.deserialize_keras_object(dict(identifier))
    if not isinstance(identifier, Weighting):
        raise UserError(
            "Invalid value for argument `weighting`. Expected a name, a "
            "`keras_mtl.weighting.Weighting` or its serialized form. Received: "
            f"weighting={identifier!r}."
        )
    return identifier


def _check_settings(
    name: str, method: type["Weighting"], settings: Mapping[str, Any]
) -> None:
    known = list(inspect.signature(method).parameters)
    errors = [
        f"Unknown setting for the weighting {name!r}. Expected one of "
        f"{', '.join(known)}. Received: {setting}={value!r}."
        f"{did_you_mean(setting, known)}"
        for setting, value in settings.items()
        if setting not in known
    ]
    if errors:
        raise UserError(*errors)
