"""The reference of commands: every flag, from the declarations of the commands."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

from keras_mtl.configuration.command_line import Flag

__all__ = ["COMMANDS", "commands_page"]

# The arguments of each command beside its flags, by module.
COMMANDS = {
    "keras_mtl.fit": "",
    "keras_mtl.predict": " RUN ROWS",
    "keras_mtl.evaluate": "",
    "keras_mtl.export": " RUN",
    "tuning": "",
    "keras_mtl.activations": "",
}

HEAD = """# Commands: every flag

`--help` of a command prints the same. `keras-mtl-fit` and likewise are the commands
without `python -m`. Each flag that is a setting has its key in
[a TOML file](settings.md).
"""


def commands_page() -> str:
    """Return the page as Markdown."""
    shared = {flag.name: flag for flag in _flags("keras_mtl.fit")}
    lines = [HEAD]
    for module, arguments in COMMANDS.items():
        flags = _flags(module)
        lines += [f"## python -m {module}{arguments}", "", _summary(module), ""]
        lines += ["| flag | what it does |", "|---|---|"]
        # A flag with the same name may have another meaning here.
        alike = [
            flag
            for flag in flags
            if module != "keras_mtl.fit"
            and flag.name in shared
            and flag.help == shared[flag.name].help
        ]
        lines += [*(_row(flag) for flag in flags if flag not in alike), ""]
        if alike:
            names = ", ".join(f"`{flag.name}`" for flag in alike)
            lines += [f"As in `keras_mtl.fit`: {names}.", ""]
    return "\n".join(lines)


def _flags(module: str) -> tuple[Flag, ...]:
    flags: tuple[Flag, ...] = _load(module).FLAGS
    return flags


def _summary(module: str) -> str:
    return "\n".join(_lines(_load(module).SUMMARY))


def _lines(text: str) -> Iterator[str]:
    for line in text.strip().splitlines():
        # Click marks a paragraph whose lines are not joined.
        yield "" if line.strip() == "\b" else line


def _load(module: str) -> Any:
    name = "tuning.__main__" if module == "tuning" else module
    return importlib.import_module(name)


def _row(flag: Flag) -> str:
    value = "" if flag.form == "switch" else f" {flag.metavar}"
    name = f"{flag.name}{value}".replace("|", "\\|")
    text = flag.help.replace("|", "\\|").replace("<", "\\<")
    return f"| `{name}` | {text} |"
