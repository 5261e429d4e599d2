"""The flags in a message as the arguments of a function for scripts."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from typing import Any

from keras_mtl.auxiliary.kinds import parse_auxiliary
from keras_mtl.configuration.command_line import Flag
from keras_mtl.configuration.fit_flags import FLAGS
from keras_mtl.errors import UserError
from keras_mtl.features.flags import parse_features

__all__ = ["script_spelling"]

# What may follow a flag in a sentence and is not its value.
NO_VALUES = (
    "alone|and|applies|as|beside|by|continues|for|has|here|in|is|keeps|needs|of|on|or|"
    "replaces|says|so|that|the|then|to|where|which|with|without"
)
# A script writes a statement.
NOT_IN_SCRIPTS = ("import",)
# The setting of a task that a flag sets for the task it names.
OF_TASK = {
    "head_widths": "widths",
    "loss_weights": "loss_weight",
    "thresholds": "threshold",
}


def script_spelling(
    arguments: Mapping[str, str],
    flags: tuple[Flag, ...] = (),
    settings: str | None = None,
) -> Callable[[str], str]:
    """Return a function that writes the flags in a message as arguments.

    Args:
        arguments: By the key of a flag, or by the key of its section, the argument
            that takes its value, such as `{"seed": "random_state"}`.
        flags: Further flags of the command, which precede those of a fit.
        settings: The argument that takes all other settings as a nested dict; None if
            each section is an argument of its own.

    Example:

    >>> spell = script_spelling({"output.folder": "folder"})
    >>> spell("Choose another with --out, or leave the column out (--drop 'my age').")
    'Choose another with folder, or leave the column out (inputs={"drop": ["my age"]}).'
    >>> script_spelling({"training.epochs": "epochs"}, settings="settings")(
    ...     "training.epochs: expected 1 or more. Or choose --seed 3 and --trunk 8,4."
    ... )
    'epochs: expected 1 or more. Or choose settings={"seed": 3} and settings={"model": {"trunk": [8, 4]}}.'
    """  # noqa: E501
    by_name = {
        flag.name.strip("-"): flag
        for flag in (*FLAGS, *flags)
        if flag.key not in NOT_IN_SCRIPTS
    }
    longest_first = sorted(by_name, key=len, reverse=True)
    # Neither a part of a longer word nor of a command to run.
    pattern = re.compile(
        r"python -m keras_mtl\.\w+(?: (?:--[\w-]+|[^\s.]+))*|"
        rf"(?<![\w-])--(?P<no>no-)?(?P<name>{'|'.join(longest_first)})(?![\w-])"
        rf"(?:(?:=|\s(?!(?:{NO_VALUES})\b|--))"
        r"(?P<value>(?:'[^']*'|\"'\")+|[\w{\"./+<>|*-](?:[^\s();]*[^\s().,:;])?))?"
        r"(?P<colon>:(?=\s))?"
    )
    keys = {key: name for key, name in arguments.items() if "." in key}
    setting = re.compile(rf"(?<![\w.])({'|'.join(map(re.escape, keys))})(?!\w)")

    def argument(match: re.Match[str]) -> str:
        if match["name"] is None:
            return match[0]
        flag, text = by_name[match["name"]], match["value"]
        if flag.form == "switch":
            value: Any = match["no"] is None
            # The next word of the sentence.
            rest = match[0].removeprefix(f"--{match['no'] or ''}{match['name']}")
            return _written(flag, value, arguments, settings) + rest
        colon = match["colon"] or ""
        if text is None:
            return _path(flag, arguments, settings) + colon
        value = _value(flag, _unquoted(text))
        return _written(flag, value, arguments, settings) + colon

    def spell(message: str) -> str:
        if keys:
            message = setting.sub(lambda match: keys[match[0]], message)
        return pattern.sub(argument, message)

    return spell


def _unquoted(text: str) -> str:
    """Return a word of a shell command without its quotes."""
    try:
        return "".join(shlex.split(text))
    except ValueError:
        return text  # It has a quote that is not closed.


def _value(flag: Flag, text: str) -> Any:
    """Return the value of a flag as the settings of a script hold it."""
    if flag.key == "tasks":
        return [text]
    if flag.key == "features":
        return _parsed(lambda: parse_features([text]), ...)
    if flag.key == "auxiliary":
        name, kind, *column = text.split(":")
        of_column = {"column": column[0]} if column else {}
        plain = {"kind": kind, "name": name, **of_column}
        return _parsed(lambda: [parse_auxiliary(text)[1]], [plain])
    if flag.form == "repeat":
        return [text]
    if flag.form == "list":
        return [_plain(part) for part in text.split(",")]
    if flag.form == "entry":
        name, _, value = text.partition("=")
        if flag.key == "inputs.missing_values":
            return {name: [_plain(part) for part in value.split(",")]}
        return {name: _plain(value)}
    return _plain(text)


def _parsed(parse: Callable[[], Any], otherwise: Any) -> Any:
    try:
        return parse()
    except (UserError, ValueError):
        return otherwise


def _plain(text: str) -> Any:
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text


def _path(flag: Flag, arguments: Mapping[str, str], settings: str | None) -> str:
    if flag.key in arguments:
        return arguments[flag.key]
    key = f"tasks.{OF_TASK[flag.key]}" if flag.key in OF_TASK else flag.key
    return f"{settings}.{key}" if settings else key


def _written(
    flag: Flag, value: Any, arguments: Mapping[str, str], settings: str | None
) -> str:
    """Return an argument with its value as it is written in a script."""
    if flag.key in arguments:
        return f"{arguments[flag.key]}={_literal(value)}"
    if flag.key in OF_TASK:
        ((name, value),) = value.items()
        inner: Any = [{"name": name, OF_TASK[flag.key]: value, "...": ...}]
        path = ["tasks"]
    else:
        inner, path = value, flag.key.split(".")
    if settings:
        path = [settings, *path]
    for part in reversed(path[1:]):
        inner = {part: inner}
    return f"{path[0]}={_literal(inner)}"


def _literal(value: Any) -> str:
    """Return a value as Python text, with `...` for what the message does not give."""
    text = repr(value).replace("'...': Ellipsis", "...").replace("Ellipsis", "...")
    return text if '"' in text else text.replace("'", '"')
