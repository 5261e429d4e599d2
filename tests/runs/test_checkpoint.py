"""A checkpoint is read as it was written, or refused."""

import hashlib
import io
import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from keras_mtl.errors import UserError
from keras_mtl.runs.checkpoint import (
    MARK,
    Checkpoint,
    checkpoint_path,
    read_checkpoint,
    run_of_checkpoint,
    unpack_checkpoint,
    write_checkpoint,
)
from keras_mtl.training.progress import Progress

VALUES = arrays.arrays(
    st.sampled_from(["float32", "float64", "int32", "int64", "bool"]),
    arrays.array_shapes(min_dims=1, max_dims=3, max_side=4, min_side=0),
)
SETTINGS = st.recursive(
    st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
    ),
    max_leaves=10,
)


def make_checkpoint(state=(), seeds=(0,), epochs=1, settings=None):
    generators = [np.random.default_rng(seed) for seed in seeds]
    for generator in generators:
        # Half of a 64-bit number waits for the next draw.
        generator.integers(10, dtype="int32")
    shape = (2, len(seeds))
    return Checkpoint(
        settings or {},
        {"column age": "0f"},
        Progress(
            list(state),
            [generator.bit_generator.state for generator in generators],
            [np.full(shape, np.nan)] * epochs,
            np.ones(shape),
        ),
    )


@given(
    st.lists(VALUES, max_size=4),
    st.lists(st.integers(0, 2**63), min_size=1, max_size=3),
    st.integers(1, 4),
    st.dictionaries(st.text(), SETTINGS, max_size=3),
)
def test_it_comes_back_as_it_was(tmp_path_factory, state, seeds, epochs, settings):
    path = tmp_path_factory.getbasetemp() / "whole"
    written = make_checkpoint(state, seeds, epochs, settings)
    write_checkpoint(path, written)
    read = read_checkpoint(path)
    assert read.settings == written.settings
    assert read.data == written.data
    assert read.progress.generators == written.progress.generators
    assert read.progress.epoch == epochs
    np.testing.assert_array_equal(read.progress.history, written.progress.history)
    np.testing.assert_array_equal(read.progress.latest, written.progress.latest)
    for one, two in zip(written.progress.state, read.progress.state, strict=True):
        assert (one.dtype, one.shape) == (two.dtype, two.shape)
        np.testing.assert_array_equal(one, two)


CONTENT = [np.arange(6, dtype="float32").reshape(2, 3)]


@given(st.data())
def test_any_change_of_it_is_refused(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "changed"
    write_checkpoint(path, make_checkpoint(CONTENT))
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        del content[place:]
    else:
        content[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    with pytest.raises(UserError, match="without --resume"):
        read_checkpoint(path)


def test_what_can_not_be_read_is_refused(tmp_path):
    with pytest.raises(UserError, match="No such file"):
        read_checkpoint(tmp_path / "absent")
    with pytest.raises(UserError, match="Is a directory"):
        read_checkpoint(tmp_path)


# Stops for good where a kill would: half of the bytes are on the disk, or all of
# them under the wrong name.
KILLED = """
import os, signal, sys
from pathlib import Path
import numpy as np
from keras_mtl.runs import checkpoint
from tests.runs.test_checkpoint import make_checkpoint

moment, path = sys.argv[1], Path(sys.argv[2])
def die(*arguments):
    os.kill(os.getpid(), signal.SIGKILL)
if moment == "writing":
    real = Path.open
    def half(self, mode):
        file = real(self, mode)
        class Half:
            def __enter__(self): return self
            def __exit__(self, *arguments): pass
            def write(self, content):
                file.write(content[: len(content) // 2])
                file.flush()
                die()
        return Half()
    Path.open = half
elif moment == "flushing":
    checkpoint.os.fsync = die
else:
    Path.replace = die
checkpoint.write_checkpoint(path, make_checkpoint(epochs=2))
"""


@pytest.mark.parametrize("moment", ["writing", "flushing", "renaming"])
def test_a_kill_while_it_is_written_leaves_the_last_one(tmp_path, moment):
    path = checkpoint_path(tmp_path / "run")
    write_checkpoint(path, make_checkpoint(epochs=1))
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, moment, path], check=False, timeout=60
    )
    assert ended.returncode == -signal.SIGKILL
    assert len(os.listdir(tmp_path)) == 2
    assert read_checkpoint(path).progress.epoch == 1
    # What was left of it is in nobody's way.
    write_checkpoint(path, make_checkpoint(epochs=3))
    assert os.listdir(tmp_path) == [path.name]
    assert read_checkpoint(path).progress.epoch == 3


@pytest.mark.parametrize("run", ["run", "my run.2", "runs/.hidden"])
def test_the_place_of_a_run_and_of_its_checkpoint_tell_each_other(tmp_path, run):
    path = checkpoint_path(tmp_path / run)
    assert path.parent == (tmp_path / run).parent
    assert path.name.startswith(".")
    assert run_of_checkpoint(path) == tmp_path / run


def malformed(**changes):
    """Packs arrays that are whole but not those of a fit."""
    header = {"settings": {}, "data": {}, "generators": [], "values": 0}
    header |= changes.pop("header", {})
    arrays = {
        "header": np.frombuffer(json.dumps(header).encode(), "uint8"),
        "history": np.zeros((1, 2, 0)),
        "latest": np.zeros((2, 0)),
        **changes,
    }
    stream = io.BytesIO()
    np.savez(
        stream, **{name: each for name, each in arrays.items() if each is not None}
    )
    content = stream.getvalue()
    return MARK + hashlib.sha256(content).digest() + content


@pytest.mark.parametrize(
    "changes",
    [
        {"latest": None},
        {"history": None},
        {"header": {"values": 3}},
        {"header": {"values": "many"}},
        {"header": {"settings": []}},
        {"header": {"generators": [{}]}},
        {"header": {"generators": [{"bit_generator": "MT19937"}]}},
        {"history": np.zeros(3)},
        {"latest": np.zeros(3)},
    ],
)
def test_a_whole_file_that_is_no_checkpoint_is_refused(changes):
    assert unpack_checkpoint(malformed(), "x").progress.epoch == 1
    with pytest.raises(UserError, match="x: expected a checkpoint"):
        unpack_checkpoint(malformed(**changes), "x")
    no_archive = b"not an archive"
    with pytest.raises(UserError, match="x: expected a checkpoint"):
        unpack_checkpoint(MARK + hashlib.sha256(no_archive).digest() + no_archive, "x")
