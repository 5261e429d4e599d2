"""The API reference: one page per public package, from its `__all__`."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path

__all__ = ["api_pages", "public_names", "public_packages"]

PACKAGE = Path(__file__).parents[1] / "keras_mtl"

# Internal packages, which CONTRIBUTING.md and docs/internals.md describe.
INSIDE = {"_core", "blocks", "engine", "runs"}
# The order of a user's work: tasks, features, models, evaluation. Packages that are not
# in this list come last.
ORDER = (
    "tasks",
    "features",
    "tables",
    "datasets",
    "splits",
    "dataframes",
    "estimator",
    "model",
    "architectures",
    "auxiliary",
    "training",
    "weighting",
    "layers",
    "losses",
    "metrics",
    "linear",
    "kernels",
    "transfer",
    "analysis",
    "evaluation",
    "comparison",
    "configuration",
    "report",
    "serving",
    "client",
    "errors",
)


def public_packages() -> tuple[str, ...]:
    """Return the packages of `keras_mtl` that have a page, in their order."""
    found = {path.parent.name for path in PACKAGE.glob("*/__init__.py")} - INSIDE
    return (*ORDER, *sorted(found - set(ORDER)))


def public_names(package: str) -> dict[str, object]:
    """Return the public classes and functions of a package, by name.

    Args:
        package: The name of the package below `keras_mtl`.
    """
    module = importlib.import_module(f"keras_mtl.{package}")
    found = {name: getattr(module, name) for name in sorted(module.__all__)}
    return {
        name: value
        for name, value in found.items()
        if inspect.isclass(value) or inspect.isroutine(value)
    }


def api_pages() -> dict[str, str]:
    """Return the pages, and the page that lists them, by file name."""
    pages = {f"{package}.rst": _page_lines(package) for package in public_packages()}
    pages["index.rst"] = _index_lines()
    return {name: "\n".join(lines) + "\n" for name, lines in pages.items()}


def _index_lines() -> Iterator[str]:
    # The names are lazy, so type checkers do not know `__all__`.
    top = importlib.import_module("keras_mtl")
    yield from ("Python API", "==========", "")
    yield "Names of ``keras_mtl`` itself load when they are first used, so that"
    yield "``import keras_mtl`` loads neither Keras nor TensorFlow. Less common names"
    yield from ("are in its packages.", "", ".. toctree::", "   :hidden:", "")
    yield from (f"   {package}" for package in public_packages())
    yield ""
    for package in public_packages():
        summary = _docstring(package).partition("\n\n")[0].replace("\n", " ")
        yield f"- :doc:`keras_mtl.{package} <{package}>`: {summary}"
    yield ""
    elsewhere = {
        name
        for package in public_packages()
        for name, value in public_names(package).items()
        if _is_top_level(name, value)
    }
    yield from _section("Top-level names", "-", "All names of ``keras_mtl``:")
    yield ", ".join(f":py:obj:`keras_mtl.{name}`" for name in sorted(top.__all__))
    yield ""
    # The base classes of declarations are not in a public package.
    for name in sorted(set(top.__all__) - elsewhere):
        yield from _documented(name, getattr(top, name), "keras_mtl")


def _page_lines(package: str) -> Iterator[str]:
    home = f"keras_mtl.{package}"
    yield from _section(home, "=", *_docstring(package).splitlines())
    for name, value in public_names(package).items():
        place = "keras_mtl" if _is_top_level(name, value) else home
        yield from _documented(name, value, place)


def _docstring(package: str) -> str:
    module = importlib.import_module(f"keras_mtl.{package}")
    return inspect.cleandoc(module.__doc__ or "")


def _documented(name: str, value: object, home: str) -> Iterator[str]:
    kind = "class" if inspect.isclass(value) else "function"
    members = ["   :members:"] if kind == "class" else []
    yield from _section(name, "-", f".. auto{kind}:: {home}.{name}", *members)


def _section(title: str, underline: str, *lines: str) -> tuple[str, ...]:
    return (title, underline * len(title), "", *lines, "")


def _is_top_level(name: str, value: object) -> bool:
    top = importlib.import_module("keras_mtl")
    return name in top.__all__ and getattr(top, name) is value
