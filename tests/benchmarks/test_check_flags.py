"""Benchmarks tell all errors at once, before they measure anything."""

import importlib

import pytest

WRONG = {
    "training_speed": ["--members", "1,x", "--tasks", "0", "--rounds", "two"],
    "wide_tables": ["--columns", "0,x", "--rows", "3", "--rounds", "two"],
    "command_time": ["--presets", "articel", "--rounds", "0"],
    "weighting_speed": ["--methods", "pcgard", "--rounds", "x"],
    "large_data": ["--rows", "many", "--batch-sizes", "0,5", "--shards", "-1"],
}


@pytest.mark.parametrize("name", WRONG)
def test_all_mistakes_are_told(name, capsys):
    main = importlib.import_module(f"benchmarks.{name}").main
    assert main(WRONG[name]) == 2
    told = capsys.readouterr().err
    for flag in WRONG[name][::2]:
        assert f"{flag}:" in told
    assert "Traceback" not in told
