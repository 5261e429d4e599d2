"""The API reference has a page for each public package, with all its names."""

import keras_mtl
from website.api_pages import api_pages, public_names, public_packages


def test_every_package_but_those_inside_has_a_page():
    pages = public_packages()
    assert len(set(pages)) == len(pages)
    assert {"tasks", "weighting", "estimator", "errors"} <= set(pages)
    assert not {"_core", "engine", "runs"} & set(pages)


def test_every_public_name_of_the_package_is_on_a_page():
    pages = "".join(api_pages().values())
    lacking = [
        name for name in keras_mtl.__all__ if f":: keras_mtl.{name}\n" not in pages
    ]
    assert lacking == []


def test_what_is_on_a_page_has_a_docstring():
    bare = [
        f"{package}.{name}"
        for package in public_packages()
        for name, value in public_names(package).items()
        if not (value.__doc__ or "").strip()
    ]
    assert bare == []
