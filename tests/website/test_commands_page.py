"""The reference of commands has every command and every flag."""

import importlib
import tomllib
from pathlib import Path

import pytest

from website.commands_page import COMMANDS, commands_page

ROOT = Path(__file__).parents[2]


def test_every_command_of_the_package_is_there():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    modules = {target.partition(":")[0] for target in project["scripts"].values()}
    assert modules | {"tuning"} == set(COMMANDS)


@pytest.mark.parametrize("module", COMMANDS)
def test_every_flag_of_a_command_is_there(module):
    section = (
        commands_page().partition(f"## python -m {module}")[2].partition("\n## ")[0]
    )
    name = "tuning.__main__" if module == "tuning" else module
    flags = importlib.import_module(name).FLAGS
    assert len(flags) > 3
    lacking = [
        flag.name
        for flag in flags
        if f"`{flag.name}`" not in section and f"`{flag.name} " not in section
    ]
    assert lacking == []
