"""Public names that are loaded when they are first used."""

import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

__all__ = ["lazy_names"]


def lazy_names(
    package: str, homes: Mapping[str, Sequence[str]]
) -> tuple[Callable[[str], Any], list[str], Callable[[], list[str]]]:
    """Create a package's `__getattr__`, `__all__` and `__dir__`.

    Checks of settings and `--help` do not need Keras, whose import takes seconds.
    Packages that need Keras therefore load their modules late.

    Args:
        package: The package's `__name__`.
        homes: The public names that each module defines.

    Returns:
        The function to assign to `__getattr__`, the names to assign to `__all__`, and
        the function to assign to `__dir__`, for completion and `help`.
    """
    home_of = {name: home for home, names in homes.items() for name in names}
    hidden = [home for home in homes if home.rpartition(".")[2] in home_of]
    if hidden:
        # An imported module is an attribute of its package, for which `__getattr__` is
        # no longer called.
        raise ValueError(
            "Invalid value received for argument `homes`. Expected modules named "
            f"otherwise than what they define. Received: {', '.join(hidden)}"
        )

    def load(name: str) -> Any:
        if name not in home_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(home_of[name]), name)

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *home_of})

    return load, sorted(home_of), names
