"""Data flows one way: a room of the package imports only from rooms below it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import keras_mtl

PACKAGE = Path(keras_mtl.__file__).parent

# From the lowest layer to the highest. Rooms of one line do not import each other.
LAYERS = (
    ("_core",),
    ("errors",),
    ("tables",),
    ("client", "splits"),
    ("linear",),
    ("kernels",),
    ("datasets",),
    ("features",),
    ("losses", "metrics", "layers"),
    ("tasks",),
    ("auxiliary", "weighting"),
    ("blocks",),
    ("engine",),
    ("model",),
    ("training",),
    ("architectures",),
    ("analysis",),
    ("evaluation",),
    ("report", "serving"),
    ("transfer",),
    ("configuration",),
    ("runs",),
    ("comparison", "estimator"),
    ("dataframes",),
    ("activations", "evaluate", "export", "fit", "predict", "registration"),
)
LAYER_OF = {room: layer for layer, rooms in enumerate(LAYERS) for room in rooms}


def modules() -> Iterator[tuple[str, Path]]:
    """Yield the room and the path of each module; the top `__init__.py` has no room."""
    for path in sorted(PACKAGE.rglob("*.py")):
        room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if room != "__init__":
            yield room, path


def imported_rooms(path: Path) -> Iterator[tuple[str, int]]:
    """Yield the rooms that a module imports from, with the line number."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module == "keras_mtl":
            names = [f"keras_mtl.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            package, _, rest = name.partition(".")
            if package == "keras_mtl" and rest:
                yield rest.partition(".")[0], node.lineno


def test_every_room_has_a_layer():
    assert {room for room, _ in modules()} == set(LAYER_OF)


def test_a_room_imports_only_from_rooms_below_it():
    upward = [
        f"{path.relative_to(PACKAGE)}:{line} imports {target}"
        for room, path in modules()
        for target, line in imported_rooms(path)
        if target != room and LAYER_OF[target] >= LAYER_OF[room]
    ]
    assert upward == []


def private_imports(path: Path) -> Iterator[tuple[str, int]]:
    """Yield the private modules of other folders that a module imports from."""
    own = ".".join(path.relative_to(PACKAGE.parent).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            folder, _, module = node.module.rpartition(".")
            if module.startswith("_") and module != "_core" and folder != own:
                yield node.module, node.lineno


@pytest.mark.parametrize("top", ["keras_mtl", "studies", "tuning"])
def test_private_modules_are_used_in_their_own_folder(top):
    used = [
        f"{path}:{line} imports {module}"
        for path in sorted((PACKAGE.parent / top).rglob("*.py"))
        for module, line in private_imports(path)
        if module.startswith("keras_mtl.")
    ]
    assert used == []
