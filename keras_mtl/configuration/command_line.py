"""Commands: flags in, an exit status out.

Click parses the flags and writes the help. As it reports only one error at a time, it
does not check values: they stay text until all settings are checked together.
"""

from __future__ import annotations

import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import click

from keras_mtl._core.display import (
    TolerantStream,
    close_output,
    open_streams,
    printable,
    write_output,
)
from keras_mtl.errors import (
    PluginWarning,
    RunStoppedError,
    UserError,
    did_you_mean,
)

__all__ = ["IMPORT_FLAG", "Flag", "run_command"]


# More errors than this help nobody, and a file may have a million.
MESSAGES_SHOWN = 20


@dataclass(frozen=True)
class Flag:
    """One flag of a command.

    Args:
        name: The name of the flag, such as `--batch-size`.
        key: The setting that the flag sets, such as `training.batch_size`.
        help: The help text, a complete sentence.
        form: `"value"`; `"list"`, separated by commas; `"repeat"`, a flag that can be
            given several times; `"entry"`, NAME=VALUE, which can be given several times
            too; or `"switch"`, a flag without a value and its opposite `--no-...`.
        metavar: The name of the value in the help.
    """

    name: str
    key: str
    help: str
    form: Literal["value", "list", "repeat", "entry", "switch"] = "value"
    metavar: str = "TEXT"

    @property
    def parameter(self) -> str:
        """The name of the flag's parameter in click."""
        return self.name.strip("-").replace("-", "_")

    def option(self) -> click.Option:
        """Create the option for click."""
        declaration = [self.name, self.parameter]
        if self.form == "switch":
            declaration[0] = f"{self.name}/--no-{self.name.strip('-')}"
            return click.Option(declaration, default=None, help=self.help)
        return click.Option(
            declaration,
            help=self.help,
            metavar=self.metavar,
            multiple=self.form in {"repeat", "entry"},
            default=None,
        )

    def parse(self, value: Any) -> Any:
        """Parse a value according to the form.

        Raises:
            UserError: If an entry has no `=`.
        """
        if self.form == "list":
            return [part.strip() for part in value.split(",") if part.strip()]
        if self.form == "repeat":
            return list(value)
        if self.form == "entry":
            entries: dict[str, str] = {}
            for entry in value:
                name, equals, text = entry.partition("=")
                if not equals or not name:
                    raise UserError(
                        f"{self.name}: expected {self.metavar}; received {entry!r}."
                    )
                entries[name] = text
            return entries
        return value


# A settings file never makes anything be imported: it may come from elsewhere.
IMPORT_FLAG = Flag(
    "--import",
    "import",
    "Import this Python module first, so that it can register plugins.",
    form="repeat",
    metavar="MODULE",
)


def run_command(
    name: str,
    summary: str,
    flags: Sequence[Flag],
    action: Callable[[dict[str, Any], list[str]], None],
    arguments: Sequence[str] = (),
    argv: Sequence[str] | None = None,
    refused: Mapping[str, str] | None = None,
) -> int:
    """Parse a command line and run an action.

    Args:
        name: The name of the command in the help.
        summary: The summary in the help.
        flags: The flags of the command.
        action: A function that is called with the given values by key and with the list
            of errors so far. It adds its own errors before it raises all of them.
        arguments: The names of the positional arguments.
        argv: The command line; by default that of the process.
        refused: The reasons by flag for flags that another command has and this
            command refuses.

    Returns:
        The exit status: 0 for success, 2 for invalid user input, 1 for any other error.
    """
    parameters: list[click.Parameter] = [flag.option() for flag in flags]
    parameters += [click.Argument([argument], required=False) for argument in arguments]
    parameters.append(_help_option())

    @click.pass_context
    def callback(context: click.Context, **values: Any) -> None:
        errors = _unknown(context.args, command, refused or {})
        keyed: dict[str, Any] = {}
        for flag in flags:
            value = values[flag.parameter]
            if value is None or value == ():
                continue
            try:
                keyed[flag.key] = flag.parse(value)
            except UserError as error:
                errors += error.messages
        for argument in arguments:
            if values[argument.lower()] is None:
                errors.append(f"{argument}: expected a value; received none.")
            keyed[argument] = values[argument.lower()]
        with _plugin_warnings():
            action(keyed, errors)

    command = click.Command(
        name,
        params=parameters,
        callback=callback,
        help=summary,
        context_settings={
            "ignore_unknown_options": True,
            "allow_extra_args": True,
            "help_option_names": [],
            "max_content_width": 100,
        },
    )
    return _status(command, list(sys.argv[1:] if argv is None else argv))


def _help_option() -> click.Option:
    def show(context: click.Context, _: click.Parameter, asked: bool) -> None:
        if asked:
            write_output(context.get_help())
            context.exit()

    return click.Option(
        ["-h", "--help"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=show,
        help="Show this message and exit.",
    )


@contextmanager
def _plugin_warnings() -> Iterator[None]:
    """Print the warnings about plugins as lines; others go their usual way."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", PluginWarning)
        show = warnings.showwarning

        def print_line(message: Any, category: Any, *rest: Any, **named: Any) -> None:
            if issubclass(category, PluginWarning):
                _report("warning", str(message))
            else:
                show(message, category, *rest, **named)

        warnings.showwarning = print_line
        yield


def _status(command: click.Command, argv: list[str]) -> int:
    open_streams()
    try:
        command.main(args=argv, prog_name=command.name, standalone_mode=False)
    except UserError as error:
        _report("error", *error.messages[:MESSAGES_SHOWN])
        others = len(error.messages) - MESSAGES_SHOWN
        if others > 0:
            _report("error", f"and {others} more.")
        return 2
    except click.ClickException as error:
        _report("error", error.format_message())
        return 2
    except (RunStoppedError, FloatingPointError) as error:
        # Training that left the finite numbers says so, and what to change.
        _report("stopped", str(error))
        return 1
    except (KeyboardInterrupt, click.Abort):
        _report("stopped")
        return 1
    except BrokenPipeError:
        # Whoever reads the output has gone.
        close_output()
        return 1
    except Exception:
        # Not the user's mistake: the whole story, for a report of the fault.
        traceback.print_exc()
        return 1
    return 0


def _report(kind: str, *messages: str) -> None:
    """Print each message as one entry of the standard error."""
    stream = TolerantStream(sys.stderr)
    for message in messages or ("",):
        lines = "\n".join(map(printable, message.split("\n")))
        stream.write(f"{kind}: {lines}\n" if lines else f"{kind}\n")
    stream.flush()


def _unknown(
    extra: list[str], command: click.Command, refused: Mapping[str, str]
) -> list[str]:
    """Report the flags and arguments that the command does not have."""
    known = [
        name
        for parameter in command.params
        for name in (*parameter.opts, *parameter.secondary_opts)
        if name.startswith("--")
    ]
    errors, after_flag = [], False
    for text in extra:
        if text.startswith("-"):
            flag = text.split("=")[0]
            reason = f"no such flag.{did_you_mean(flag, known)} See --help."
            errors.append(f"{flag}: {refused.get(flag, reason)}")
            after_flag = "=" not in text
        else:
            if not after_flag:
                errors.append(f"{text!r}: unexpected argument. See --help.")
            after_flag = False
    return errors
