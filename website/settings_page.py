"""The reference of settings: every key of a TOML file, from the declarations."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Sequence
from dataclasses import MISSING, Field, dataclass, fields
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from annotated_types import Ge, Gt, Le, Lt
from pydantic.fields import FieldInfo

from keras_mtl._core.declarations import Declaration
from keras_mtl._core.named_settings import NamedSettings
from keras_mtl._core.registry import Registry
from keras_mtl.architectures.registry import ARCHITECTURES
from keras_mtl.architectures.settings import ArchitectureSettings
from keras_mtl.auxiliary.kinds import AUXILIARY_KINDS
from keras_mtl.configuration.fit_config import FitConfig
from keras_mtl.configuration.fit_flags import FLAGS
from keras_mtl.features.kinds import FEATURE_KINDS
from keras_mtl.tasks.kinds import TASK_KINDS
from keras_mtl.weighting.registry import WEIGHTINGS
from tuning.search_settings import SearchSettings

__all__ = ["SettingsTable", "argument_texts", "settings_page", "settings_tables"]

HEAD = """# Settings: every key of a TOML file

`python -m keras_mtl.fit --config settings.toml` reads these keys. Keys that are not
there keep the value of the preset. The `config.toml` of a run folder has all settings
of the run. In a script, `keras_mtl.fit_table(table, training={"epochs": 30})` takes the
same keys.

```toml
seed = 1

[data]
path = "visits.csv"

[training]
epochs = 30
weighting = {name = "cagrad", c = 0.4}

[[tasks]]
kind = "binary"
name = "sick"

[[tasks]]
kind = "regression"
name = "days"
```

This page is generated from the declarations that check the settings. "-" as a default
means that the key is not set.
"""

# The sections of a file in the order of the page, with the text above their tables.
LISTS: dict[str, tuple[str, Registry[Any]]] = {
    "tasks": ("What is predicted: one `[[tasks]]` table per task.", TASK_KINDS),
    "auxiliary": (
        "What helps training and is not predicted: see "
        "[auxiliary tasks](../docs/auxiliary.md).",
        AUXILIARY_KINDS,
    ),
    "features": (
        "Columns that are declared and not inferred: see "
        "[features](../docs/features.md). Keys that training fills, such as means and "
        "vocabularies, are in the `config.toml` of a run as well.",
        FEATURE_KINDS,
    ),
}


@dataclass(frozen=True)
class SettingsTable:
    """A table of the page.

    Attributes:
        title: The heading, such as `[training]`.
        text: The text above the table.
        declaration: The class whose fields are the keys.
        keys: The keys, in order.
        descriptions: The meanings of the keys, by key.
        level: The level of the heading.
    """

    title: str
    text: str
    declaration: type[Declaration]
    keys: tuple[str, ...]
    descriptions: dict[str, str]
    level: int = 2


def settings_page() -> str:
    """Return the page as Markdown."""
    flags = {flag.key: flag.name for flag in FLAGS}
    lines = [HEAD]
    for table in settings_tables():
        lines += [f"{'#' * table.level} {table.title}", "", table.text, ""]
        if table.keys:
            lines += [
                "| key | value | default | flag | meaning |",
                "|---|---|---|---|---|",
            ]
            lines += [*_rows(table, flags), ""]
    return "\n".join(lines)


def settings_tables() -> Iterator[SettingsTable]:
    """Yield the tables of the page in their order."""
    sections = _sections()
    top = tuple(
        field.name
        for field in fields(FitConfig)
        if field.name not in sections and field.name not in LISTS
    )
    yield _table("The file itself", "Keys above all tables.", FitConfig, top)
    for name, section in sections.items():
        yield _table(f"[{name}]", _first_line(section), section)
        if name == "model":
            yield from _named(
                "[model.architecture]",
                "`name` chooses [how tasks share layers](../docs/architectures.md). "
                "The other keys are the own settings of that architecture.",
                ARCHITECTURES,
                ArchitectureSettings,
            )
        if name == "training":
            yield from _named(
                "[training.weighting]",
                "`name` chooses [how the tasks' losses or gradients are "
                "combined](../docs/weighting.md). The other keys are the settings of "
                "that weighting.",
                WEIGHTINGS,
                Declaration,
            )
    for name, (text, kinds) in LISTS.items():
        yield SettingsTable(f"[[{name}]]", text, FitConfig, (), {})
        for kind in kinds.builtin:
            declaration = kinds.load(kind)
            title = f'{name}: kind = "{kind}"'
            yield _table(title, _first_line(declaration), declaration, level=3)
    yield _table(
        "[search]",
        "Read by [`python -m tuning`](../docs/search.md) alone. " + SEARCHED,
        SearchSettings,
    )


SEARCHED = (
    "The flags of the command set them too. A setting whose choices are empty is not "
    "searched. A range is the smallest and the largest value."
)


def argument_texts(documented: Any) -> dict[str, str]:
    """Read the descriptions of the arguments of a class, one line per argument.

    If a description refers to a base class (`See ...`), the description of the base
    class is used.

    Args:
        documented: A class with `Args:` in its docstring.
    """
    texts: dict[str, str] = {}
    for base in reversed(inspect.getmro(documented)):
        if base.__module__.partition(".")[0] in {"builtins", "keras", "abc"}:
            continue
        for name, text in _own_texts(base.__dict__.get("__doc__") or "").items():
            if not (name in texts and re.match(r"See `\w+`\.?$", text)):
                texts[name] = text
    return texts


def _own_texts(docstring: str) -> dict[str, str]:
    found = re.search(
        r"^Args:\n((?:[ ].*\n|\n)+)", inspect.cleandoc(docstring) + "\n", re.M
    )
    if found is None:
        return {}
    entries = re.findall(r"^ {4}(\w+): ((?:.*\n?(?: {8}.*\n?)*))", found[1], re.M)
    return {name: " ".join(text.split()) for name, text in entries}


def _sections() -> dict[str, type[Declaration]]:
    hints = get_type_hints(FitConfig)
    return {
        field.name: hints[field.name]
        for field in fields(FitConfig)
        if inspect.isclass(hints[field.name])
        and issubclass(hints[field.name], Declaration)
    }


def _table(
    title: str,
    text: str,
    declaration: type[Declaration],
    keys: Sequence[str] | None = None,
    level: int = 2,
) -> SettingsTable:
    own = [field.name for field in fields(declaration)] if keys is None else keys
    texts = argument_texts(declaration)
    return SettingsTable(title, text, declaration, tuple(own), texts, level)


def _named(
    title: str, text: str, registry: Any, common: type[Declaration]
) -> Iterator[SettingsTable]:
    """Yield the tables of the settings that belong to a chosen name."""
    shared = {field.name for field in fields(common)}
    own = {
        name: [f.name for f in fields(registry.settings(name)) if f.name not in shared]
        for name in registry.builtin
        if registry.settings(name) is not None
    }
    # The constant weight of a task is its `loss_weight`.
    own.pop("constant", None)
    bare = [f"`{name}`" for name in registry.builtin if not own.get(name)]
    if "`constant`" in bare:
        bare.remove("`constant`")
    text += f" Without settings of their own: {', '.join(bare)}."
    yield SettingsTable(title, text, common, (), {})
    for name, keys in own.items():
        if keys:
            declaration = registry.settings(name)
            # The settings of a weighting are described in the class that uses them.
            built = registry.load(name)
            texts = argument_texts(declaration) | (
                argument_texts(built) if inspect.isclass(built) else {}
            )
            summary = _first_line(built)
            head = f'name = "{name}"'
            yield SettingsTable(head, summary, declaration, tuple(keys), texts, 3)


def _rows(table: SettingsTable, flags: dict[str, str]) -> Iterator[str]:
    hints = get_type_hints(table.declaration, include_extras=True)
    declared = {field.name: field for field in fields(table.declaration)}
    section = table.title.strip("[]") + "." if table.title.startswith("[") else ""
    for key in table.keys:
        flag = flags.get(f"{section}{key}") if table.level == 2 else None
        cells = (
            f"`{key}`",
            _type_text(hints[key]),
            _default_text(declared[key]),
            f"`{flag}`" if flag else "",
            table.descriptions.get(key, ""),
        )
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _default_text(field: Field[Any]) -> str:
    default = field.default
    if isinstance(default, FieldInfo):
        default = default.get_default(call_default_factory=True)
    if default is MISSING and field.default_factory is not MISSING:
        default = field.default_factory()
    if default is MISSING or str(default) == "PydanticUndefined":
        return "needed"
    if default is None:
        return "-"
    return f"`{_toml(default)}`"


def _toml(value: Any) -> str:
    if isinstance(value, NamedSettings):
        return f'"{value}"'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k} = {_toml(v)}" for k, v in value.items()) + "}"
    return str(value)


def _type_text(hint: Any) -> str:
    """Return the type of a key's value in words."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _type_text(arguments[0]) + _bounds_text(arguments[1:])
    if origin is Literal:
        return " or ".join(f"`{_toml(value)}`" for value in arguments)
    if origin in (Union, UnionType):
        return " or ".join(
            _type_text(each) for each in arguments if each is not NoneType
        )
    if origin is tuple:
        if arguments[-1] is Ellipsis:
            return f"list of {_type_text(arguments[0])}"
        return f"list of {len(arguments)}: {_type_text(arguments[0])}"
    if origin is dict:
        return f"table of {_type_text(arguments[1])}"
    words = {str: "text", int: "integer", float: "number", bool: "`true` or `false`"}
    return words.get(
        hint, "name, or table with a `name`" if hint is NamedSettings else "table"
    )


def _bounds_text(constraints: Sequence[Any]) -> str:
    """Return the bounds of a number in words."""
    flat = [
        each
        for constraint in constraints
        for each in (
            constraint.metadata if isinstance(constraint, FieldInfo) else [constraint]
        )
    ]
    words = {
        Gt: "above {0.gt}",
        Ge: "{0.ge} or more",
        Lt: "below {0.lt}",
        Le: "at most {0.le}",
    }
    texts = [words[type(each)].format(each) for each in flat if type(each) in words]
    return f", {', '.join(texts)}" if texts else ""


def _first_line(documented: Any) -> str:
    return (inspect.getdoc(documented) or "").partition("\n\n")[0].replace("\n", " ")
