"""The reference of settings has every key of a file, with what it means."""

from dataclasses import fields

import pytest

from keras_mtl.architectures.registry import ARCHITECTURES
from keras_mtl.configuration import FitConfig
from keras_mtl.configuration.fit_flags import FLAGS
from keras_mtl.features.kinds import FEATURE_KINDS
from keras_mtl.tasks.kinds import TASK_KINDS
from keras_mtl.weighting.registry import WEIGHTINGS
from website.settings_page import argument_texts, settings_page, settings_tables


@pytest.fixture(scope="module")
def tables():
    return {table.title: table for table in settings_tables()}


def config_keys(declaration, prefix=""):
    """Gives the keys of nested declarations, such as `training.epochs`."""
    for field in fields(declaration):
        nested = getattr(declaration, field.name)
        if hasattr(nested, "get_config") and not hasattr(nested, "settings"):
            yield from config_keys(nested, f"{field.name}.")
        else:
            yield f"{prefix}{field.name}"


def test_every_key_of_a_file_occurs(tables):
    lists = {"tasks", "auxiliary", "features"}
    for key in config_keys(FitConfig()):
        section, _, name = key.rpartition(".")
        if key in lists:
            assert f"[[{key}]]" in tables
        else:
            title = f"[{section}]" if section else "The file itself"
            assert name in tables[title].keys, key


@pytest.mark.parametrize(
    ("list_name", "kinds"), [("tasks", TASK_KINDS), ("features", FEATURE_KINDS)]
)
def test_every_key_of_every_kind_occurs(tables, list_name, kinds):
    for kind in kinds.builtin:
        table = tables[f'{list_name}: kind = "{kind}"']
        assert table.keys == tuple(field.name for field in fields(kinds[kind]))


@pytest.mark.parametrize("registry", [ARCHITECTURES, WEIGHTINGS])
def test_every_name_that_can_be_chosen_occurs(registry):
    page = settings_page()
    lacking = [
        name
        for name in registry.builtin
        if f'name = "{name}"' not in page and f"`{name}`" not in page
    ]
    assert [name for name in lacking if name != "constant"] == []


def test_every_key_says_what_it_means(tables):
    bare = [
        f"{table.title} {key}"
        for table in tables.values()
        for key in table.keys
        if not table.descriptions.get(key)
    ]
    assert bare == []


def test_flags_stand_beside_their_keys():
    rows = settings_page().splitlines()
    for flag in FLAGS:
        section, _, name = flag.key.rpartition(".")
        if section in {"data", "model", "training"}:
            assert any(f"`{name}`" in row and f"`{flag.name}`" in row for row in rows)


def test_bounds_and_defaults_are_those_of_the_declaration():
    row = "| `batch_size` | integer, 1 or more | `32` | `--batch-size` | The number of "
    assert any(line.startswith(row) for line in settings_page().splitlines())


def test_what_a_class_leaves_to_its_base_is_taken_from_there():
    class Base:
        """A base.

        Args:
            width: The number of units,
                over two lines.
            name: The name.
        """

    class Kind(Base):
        """A kind.

        Args:
            width: See `Base`.
            name: The kind's own name.
        """

    assert argument_texts(Kind) == {
        "width": "The number of units, over two lines.",
        "name": "The kind's own name.",
    }
