"""Errors and warnings about the user's input, and functions for messages."""

import contextlib
import difflib
import reprlib
import sys
import warnings
from collections.abc import Iterable, Iterator

from keras_mtl._core.spelling import spelled

__all__ = [
    "DataWarning",
    "PluginWarning",
    "RunStoppedError",
    "UnknownNameError",
    "UserError",
    "did_you_mean",
    "gather",
    "show_value",
    "warn_of_data",
]


class UserError(ValueError):
    """One or more errors in the user's input, all reported at once.

    It is a `ValueError`. The commands print the messages without a traceback and end
    with exit status 2.

    Args:
        *messages: One message per error: its location, what was expected, what was
            received and how to fix it.

    Example:

    >>> error = UserError("a.csv: no such file.", "--epochs: 0 is below 1.")
    >>> print(error)
    a.csv: no such file.
    --epochs: 0 is below 1.
    """

    def __init__(self, *messages: str) -> None:
        self.messages = tuple(map(spelled, messages))
        super().__init__("\n".join(self.messages))


class UnknownNameError(UserError):
    """An unknown name, which a plugin could register.

    The message lists the known names, the most similar first, and says how to load a
    plugin.
    """


class RunStoppedError(Exception):
    """A run that ended early, for a reason other than invalid user input.

    The commands print the message, which says how to resume, without a traceback and
    end with exit status 1.
    """


class DataWarning(UserWarning):
    """A warning about data that were dropped, mapped or read in an unusual way."""


def warn_of_data(message: str) -> None:
    """Warn about the data, at the user's line that called the package.

    Lines of scikit-learn and joblib are also skipped: for a fit within a search, the
    line is the user's `search.fit(X, y)`.
    """
    frame = sys._getframe(1)
    level = 2
    while frame.f_back is not None and _is_between(frame.f_globals.get("__name__")):
        frame = frame.f_back
        level += 1
    warnings.warn(spelled(message), DataWarning, stacklevel=level)


def _is_between(module: str | None) -> bool:
    return (module or "").partition(".")[0] in {"keras_mtl", "sklearn", "joblib"}


class PluginWarning(UserWarning):
    """A warning about a plugin of an installed package that could not be loaded."""


@contextlib.contextmanager
def gather(errors: list[str]) -> Iterator[None]:
    """Collect errors in a context, so that errors of later steps are reported too.

    Args:
        errors: The list to which the messages of a `UserError` raised inside are added.

    Example:

    >>> errors = []
    >>> with gather(errors):
    ...     raise UserError("a.csv: no such file.")
    >>> errors
    ['a.csv: no such file.']
    """
    try:
        yield
    except UserError as error:
        errors += error.messages


CHARACTERS_SHOWN = 80


class _ShortRepr(reprlib.Repr):
    """Short texts of values on one line: a table or an array as its type and shape."""

    def repr_instance(self, x: object, level: int) -> str:
        text = super().repr_instance(x, level)
        if "\n" not in text:
            return text
        kind = type(x).__name__.replace("ndarray", "array")
        article = "an" if kind[0] in "aeiouAEIO" else "a"
        shape = getattr(x, "shape", None)
        of_shape = f" of shape {shape}" if isinstance(shape, tuple) else ""
        return f"{article} {kind}{of_shape}"


_shortened = _ShortRepr()
_shortened.maxstring = _shortened.maxother = CHARACTERS_SHOWN


def show_value(value: object) -> str:
    """Return a short text of any value on one line, for messages.

    Example:

    >>> show_value([1, "two"]), len(show_value("x" * 1000))
    ("[1, 'two']", 80)
    >>> import pandas as pd
    >>> show_value(pd.DataFrame({"age": [63, 67]}))
    'a DataFrame of shape (2, 1)'
    """
    try:
        text = _shortened.repr(value)
    except ValueError:
        return "a number of thousands of digits"  # which Python does not write
    if len(text) <= CHARACTERS_SHOWN:
        return text
    return f"{text[: CHARACTERS_SHOWN - 4]} ..."


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the hint ` Did you mean 'x'?`, or `""` if no name is similar.

    Example:

    >>> did_you_mean("lerning_rate", ["learning_rate", "epochs"])
    " Did you mean 'learning_rate'?"
    """
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f" Did you mean '{near[0]}'?" if near else ""
