"""Examples in docstrings are not in fenced blocks, which doctest does not run."""

import ast
from pathlib import Path

import keras_mtl

PACKAGE = Path(keras_mtl.__file__).parent


def test_no_docstring_has_an_example_that_does_not_run():
    fenced = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
            text = ast.get_docstring(node) if isinstance(node, documented) else None
            if text and "```" in text:
                name = getattr(node, "name", "")
                fenced.append(f"{path.relative_to(PACKAGE)}: {name}")
    assert fenced == []
