"""Loading Keras without what no command needs of it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

__all__ = ["load_keras"]

# Keras loads these where they are installed: for its wrappers of scikit-learn
# and its pictures of images. They take a second and 80 MiB.
NOT_NEEDED = ("matplotlib", "sklearn")


def load_keras() -> None:
    """Imports Keras, and TensorFlow with it, as a command needs it.

    What Keras finds missing here stays missing in it, for as long as the process
    lives: `keras.wrappers` say. Others can import all as ever.
    """
    with _hidden(*NOT_NEEDED):
        import keras  # noqa: F401


@contextlib.contextmanager
def _hidden(*names: str) -> Iterator[None]:
    """Lets packages that are not loaded yet not be found."""
    hidden = [name for name in names if name not in sys.modules]
    # What Python's import system takes for a package that is not there.
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
