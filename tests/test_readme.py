"""The code of the README runs, and its flags and links exist."""

import re
import shlex
from pathlib import Path

from keras_mtl import activations, evaluate, export, fit, predict

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", README, flags=re.DOTALL)


def test_the_script_runs(capsys):
    scripts = [text for language, text in BLOCKS if language == "python"]
    assert scripts
    for script in scripts:
        exec(compile(script, "README.md", "exec"), {"__name__": "readme"})
    assert capsys.readouterr().out == "(1, 1)\n"


def test_the_commands_have_the_flags_shown():
    flags = {
        f"keras_mtl.{module.__name__.rpartition('.')[2]}": {
            flag.name for flag in module.FLAGS
        }
        for module in (activations, evaluate, export, fit, predict)
    }
    shown = 0
    for _, text in BLOCKS:
        for line in text.splitlines():
            if not line.startswith("python -m"):
                continue
            words = shlex.split(line, comments=True)
            if words[:2] == ["python", "-m"] and words[2] in flags:
                shown += 1
                used = {word for word in words if word.startswith("--")}
                assert used <= flags[words[2]], line
    assert shown >= 5


def test_what_is_linked_is_there():
    links = re.findall(r"\]\(([^)#:]+)\)|src=\"([^\"]+)\"", README)
    assert len(links) > 5
    for pair in links:
        assert (ROOT / (pair[0] or pair[1])).exists(), pair
