"""A place is claimed by one process, for as long as it lives."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from keras_mtl._core.claims import claim, is_claimed
from keras_mtl._core.errors import UserError

HOLD = """
import sys, time
from pathlib import Path
from keras_mtl._core.claims import claim
with claim(Path(sys.argv[1])):
    print("claimed", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def place(tmp_path):
    return tmp_path / "runs" / "heart"


@pytest.fixture
def other(place):
    root = str(Path(__file__).parents[2])
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(place)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": root},
    )
    assert process.stdout.readline() == "claimed\n"
    yield process
    process.kill()
    process.wait()


def test_another_process_is_refused_until_the_first_is_killed(place, other):
    assert is_claimed(place)
    with pytest.raises(UserError, match="no other process writes to"), claim(place):
        pytest.fail("claimed twice")
    other.kill()
    other.wait()
    # What a killed process left claims nothing.
    assert os.listdir(place.parent) == [".heart.lock"]
    for _ in range(100):
        if not is_claimed(place):
            break
        time.sleep(0.05)
    with claim(place):
        assert is_claimed(place)
    assert os.listdir(place.parent) == []


def test_a_failure_gives_the_place_free(place):
    with pytest.raises(ZeroDivisionError), claim(place):
        raise ZeroDivisionError
    assert not is_claimed(place)


def test_a_name_of_any_length_can_be_claimed(tmp_path):
    place = tmp_path / ("x" * 255)
    with claim(place):
        assert is_claimed(place)
        assert not is_claimed(tmp_path / ("x" * 254 + "y"))
