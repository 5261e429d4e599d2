"""The API reference has a page for each public package, with all its names."""

from pathlib import Path

import keras_mtl
from website.api_pages import PACKAGES, api_pages, public_names

PACKAGE = Path(keras_mtl.__file__).parent
# How the commands work inside: CONTRIBUTING.md and docs/internals.md describe them.
INSIDE = {"_core", "blocks", "engine", "runs"}


def test_every_public_package_has_a_page():
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert set(PACKAGES) == packages - INSIDE | {"errors"}


def test_every_public_name_of_the_package_is_on_a_page(tmp_path):
    api_pages(tmp_path)
    pages = "".join(path.read_text("utf-8") for path in tmp_path.glob("*.rst"))
    lacking = [
        name for name in keras_mtl.__all__ if f":: keras_mtl.{name}\n" not in pages
    ]
    assert lacking == []


def test_what_is_on_a_page_has_a_docstring():
    bare = [
        f"{package}.{name}"
        for package in PACKAGES
        for name, value in public_names(package).items()
        if not (value.__doc__ or "").strip()
    ]
    assert bare == []
