"""The methods' names, and how an instance is made from one."""

import importlib
import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from keras_mtl.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from keras_mtl.weighting.weighting import Weighting

# Method -> (module, class). The modules import Keras, so they are loaded when
# an instance is made: the command line can check a name without them.
METHODS = {
    "sum": ("sum", "Sum"),
    "mean": ("mean", "Mean"),
    "constant": ("constant", "Constant"),
    "uncertainty": ("uncertainty", "Uncertainty"),
    "dwa": ("dwa", "DWA"),
    "rlw": ("rlw", "RLW"),
    "geometric": ("geometric", "Geometric"),
    "famo": ("famo", "FAMO"),
    "stch": ("stch", "STCH"),
    "imtl-l": ("imtl_l", "IMTLL"),
    "gradnorm": ("gradnorm", "GradNorm"),
    "mgda": ("mgda", "MGDA"),
    "pcgrad": ("pcgrad", "PCGrad"),
    "gradvac": ("gradvac", "GradVac"),
    "cagrad": ("cagrad", "CAGrad"),
    "imtl-g": ("imtl_g", "IMTLG"),
    "nash-mtl": ("nash_mtl", "NashMTL"),
    "fairgrad": ("fairgrad", "FairGrad"),
    "aligned-mtl": ("aligned_mtl", "AlignedMTL"),
    "upgrad": ("upgrad", "UPGrad"),
    "dualproj": ("dualproj", "DualProj"),
    "config": ("config", "ConFIG"),
    "graddrop": ("graddrop", "GradDrop"),
    "db-mtl": ("db_mtl", "DBMTL"),
    "moco": ("moco", "MoCo"),
    "sdmgrad": ("sdmgrad", "SDMGrad"),
    "modo": ("modo", "MoDo"),
    "excess-mtl": ("excess_mtl", "ExcessMTL"),
}


def names() -> tuple[str, ...]:
    """Returns the names that `keras_mtl.weighting.get` knows.

    Loads neither Keras nor TensorFlow.

    Example:

    >>> "pcgrad" in names()
    True
    """
    return tuple(METHODS)


def load(name: str) -> type["Weighting"]:
    """Returns the class of the method `name`.

    Args:
        name: One of `names()`. Case does not matter, and `_` stands for `-`.

    Raises:
        UserError: A `ValueError`: there is no method of that name.
    """
    key = name.lower().replace("_", "-")
    if key not in METHODS:
        raise UserError(
            "Unknown value for argument `weighting`. Expected one of "
            f"{', '.join(METHODS)}. Received: weighting={name!r}."
            f"{did_you_mean(key, METHODS)}"
        )
    module, class_name = METHODS[key]
    # Keras registers the package's classes as it loads: not from within one of
    # the modules that these need.
    importlib.import_module("keras")
    return getattr(importlib.import_module(f"keras_mtl.weighting.{module}"), class_name)


def get(
    identifier: "str | Weighting | Mapping[str, Any]", **settings: Any
) -> "Weighting":
    """Makes a weighting from its name, or from what `keras.saving` wrote.

    Args:
        identifier: One of `names()`; or a weighting, which is returned as it
            is; or the dict that `keras.saving.serialize_keras_object` made of
            one.
        **settings: The arguments of the method's constructor.

    Returns:
        A `Weighting`.

    Raises:
        UserError: A `ValueError`: the name or a setting is unknown, or an
            instance came with settings.

    Example:

    >>> get("cagrad", c=0.4).get_config()
    {'scale': 'sum', 'c': 0.4}
    """
    if isinstance(identifier, str):
        method = load(identifier)
        _check_settings(identifier, method, settings)
        return method(**settings)

    from keras_mtl.weighting.weighting import Weighting

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
            "`keras_mtl.weighting.Weighting` or its serialised form. Received: "
            f"weighting={identifier!r}."
        )
    return identifier


def _check_settings(
    name: str, method: type["Weighting"], settings: Mapping[str, Any]
) -> None:
    known = list(inspect.signature(method).parameters)
    mistakes = [
        f"Unknown setting for the weighting {name!r}. Expected one of "
        f"{', '.join(known)}. Received: {setting}={value!r}."
        f"{did_you_mean(setting, known)}"
        for setting, value in settings.items()
        if setting not in known
    ]
    if mistakes:
        raise UserError(*mistakes)
