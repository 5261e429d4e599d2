"""Ratios to peers, and what is printed where a peer is missing."""

import dataclasses

import pytest

from benchmarks import speed_ratios, training_speed
from benchmarks.speed_ratios import COMPARISONS, Comparison


def _comparison(**changes):
    made = Comparison(
        "made-up",
        "A made-up comparison",
        "a step",
        lambda: {"ours": lambda: [3.0, 5.0, 4.0], "theirs": lambda: [2.0]},
        "ours",
        "theirs",
        2,
        1.5,
    )
    return dataclasses.replace(made, **changes)


def test_the_ratio_is_of_medians():
    comparison = _comparison()
    times = speed_ratios.measure(comparison, rounds=2)
    assert times == {"ours": 4.0, "theirs": 2.0}
    assert comparison.ratio_of(times) == 2


def test_a_ratio_of_speeds_is_the_other_way_round():
    times = {"ours": 4.0, "theirs": 2.0}
    assert _comparison(ratio="speed").ratio_of(times) == 0.5
    assert _comparison(ratio="speed").goal == "at least 2"


@pytest.mark.parametrize("installed", [True, False])
def test_an_absent_peer_is_left_out_with_the_command(monkeypatch, capsys, installed):
    ways = {"ours": lambda: [4.0]}
    if installed:
        ways["theirs"] = lambda: [2.0]
    package = "numpy" if installed else "no_such_package"
    comparison = _comparison(ways=lambda: ways, packages=(package,))
    monkeypatch.setitem(COMPARISONS, "made-up", comparison)
    monkeypatch.setattr(training_speed, "_prepare_process", lambda: None)
    assert training_speed.main(["--only", "made-up", "--rounds", "1"]) == 0
    printed = capsys.readouterr().out
    assert ("pip install -e '.[benchmarks]'" in printed) == (not installed)
    assert ("2.00" in printed) == installed


def test_unknown_names_are_refused(capsys):
    assert training_speed.main(["--only", "one-modl,members"]) == 2
    assert "Did you mean 'one-model'?" in capsys.readouterr().err
