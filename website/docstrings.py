"""Sphinx extension for the docstrings of this project."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.domains.python import PyXRefRole

__all__ = ["allow_plurals", "code_or_link", "setup", "skip_foreign"]

REFERENCE = PyXRefRole()


def code_or_link(
    name: str, rawtext: str, text: str, lineno: int, inliner: Any, *rest: Any
) -> tuple[list[nodes.Node], list[nodes.system_message]]:
    """Make text between single backticks code, and a link if it is a known name.

    Args:
        name: The name of the role.
        rawtext: The text with its markup.
        text: The text between the backticks.
        lineno: The line number of the text.
        inliner: The parser of the line.
        rest: The options and the content, from docutils.
    """
    if text.replace(".", "").replace("_", "").isalnum():
        return REFERENCE("py:obj", rawtext, text, lineno, inliner, *rest)
    return [nodes.literal(rawtext, nodes.unescape(text, restore_backslashes=True))], []


def skip_foreign(
    app: Sphinx, what: str, name: str, member: Any, skip: bool, options: Any
) -> bool | None:
    """Leave out the methods that scikit-learn adds to estimators.

    Args:
        app: The build.
        what: The kind of object whose members are listed.
        name: The name of the member.
        member: The member.
        skip: Whether Sphinx leaves the member out in any case.
        options: The options of the directive.
    """
    module = getattr(member, "__module__", None) or ""
    return True if module.startswith("sklearn.") else None


def allow_plurals(
    app: Sphinx, what: str, name: str, value: Any, options: Any, lines: list[str]
) -> None:
    """Allow a letter after code, as in "`UserError`s", which reStructuredText refuses.

    Args:
        app: The build.
        what: The kind of object.
        name: The name of the object.
        value: The object.
        options: The options of the directive.
        lines: The lines of the docstring, which are changed.
    """
    lines[:] = [
        line
        if line.lstrip().startswith((">>>", "..."))
        else re.sub(r"(?<!`)(`[^`]+`)(?=\w)", r"\1\\ ", line)
        for line in lines
    ]


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the role of single backticks, the plurals and the choice of members."""
    app.add_role("code_or_link", code_or_link)
    app.connect("autodoc-process-docstring", allow_plurals)
    app.connect("autodoc-skip-member", skip_foreign)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
