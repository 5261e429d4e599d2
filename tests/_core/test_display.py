"""Commands in processes whose streams are closed, full or of few characters."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from keras_mtl._core.display import TolerantStream, printable

ROOT = Path(__file__).parents[2]

# A command that shows something on its way, has a result, and names its user.
COMMAND = """
import sys
from keras_mtl._core.display import write_output
from keras_mtl.configuration.command_line import run_command
from keras_mtl.errors import DataWarning, UserError
from keras_mtl.runs.terminal import Terminal
import warnings

def action(values, errors):
    terminal = Terminal()
    with terminal.warnings():
        warnings.warn("the column '\u0432\u043e\u0437'", DataWarning)
    with terminal.loading():
        pass
    terminal.console.print("on the way: \u0432\u043e\u0437")
    open(sys.argv[1], "w").close()
    write_output("the result")

sys.exit(run_command("command", "Does it.", [], action, argv=sys.argv[2:]))
"""


def run(tmp_path, redirection, *arguments, **environment):
    """Runs the command in a shell, which can close a stream."""
    script, done = tmp_path / "command.py", tmp_path / "done"
    script.write_text(COMMAND, "utf-8")
    command = [sys.executable, str(script), str(done), *arguments]
    result = subprocess.run(
        ["sh", "-c", f'"$@" {redirection}', "sh", *command],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        check=False,
    )
    return result, done.exists()


@pytest.mark.parametrize("redirection", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_a_closed_stream_ends_nothing(tmp_path, redirection):
    result, done = run(tmp_path, redirection)
    assert (result.returncode, done) == (0, True), result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_an_output_that_is_full_is_told_in_a_line_once_the_work_is_done(tmp_path):
    result, done = run(tmp_path, ">/dev/full")
    assert (result.returncode, done) == (1, True)
    assert result.stderr.splitlines()[1:] == [
        "stopped: the output could not be written: No space left on device."
    ]
    help_text, _ = run(tmp_path, ">/dev/full", "--help")
    assert help_text.returncode == 1
    assert "Traceback" not in help_text.stderr


def test_characters_that_the_terminal_lacks_are_escaped(tmp_path):
    result, done = run(tmp_path, "", LANG="C", LC_ALL="C", PYTHONIOENCODING="ascii")
    assert (result.returncode, done) == (0, True)
    assert r"on the way: \u0432\u043e\u0437" in result.stdout
    assert r"the column '\u0432\u043e\u0437'" in result.stderr


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain [x] $y", "plain [x] $y"),
        ("a\x1b[31mb", r"a\x1b[31mb"),
        ("a\u202eb", r"a\u202eb"),
        ("возраст", "возраст"),
    ],
)
def test_control_characters_are_shown_and_not_obeyed(text, shown):
    assert printable(text) == shown


def test_a_stream_that_fails_loses_what_is_written_and_nothing_else():
    class Full:
        def write(self, *text):
            raise OSError(28, "No space left on device")

        flush = write

    stream = TolerantStream(Full())
    assert stream.write("lost") == 4
    stream.flush()
    assert TolerantStream(None).isatty() is False
