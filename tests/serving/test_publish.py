"""Folders are whole or absent, whoever else writes and whenever it ends."""

import errno
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import tensorflow as tf

from keras_mtl.errors import RunStoppedError, UserError
from keras_mtl.serving import publish_saved_model
from keras_mtl.serving.publish import publish_version, write_folder

# A version is whole when it has both files.
WRITER = """
import sys, time
from pathlib import Path
from keras_mtl.serving.publish import publish_version

def fill(folder):
    (folder / "saved_model.pb").write_bytes(b"x" * 100_000)
    time.sleep(0.002)
    (folder / "variables").mkdir()
    (folder / "variables" / "variables.index").write_bytes(b"y" * 100_000)

print("ready", flush=True)
while True:
    print(publish_version(Path(sys.argv[1]), fill).name, flush=True)
"""


def fill(folder):
    (folder / "saved_model.pb").write_text("graph")


def served(folder):
    """The versions that the server sees."""
    return sorted(int(child.name) for child in folder.iterdir() if is_version(child))


def is_version(child):
    try:
        int(child.name)
    except ValueError:
        return False
    return True


def start_writer(folder):
    command = [sys.executable, "-c", WRITER, str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    return process


def test_versions_count_up(tmp_path):
    names = [publish_version(tmp_path / "m", fill).name for _ in range(3)]
    assert names == ["1", "2", "3"]


def test_numbers_count_on_from_versions_made_elsewhere(tmp_path):
    (tmp_path / "41").mkdir()
    assert publish_version(tmp_path, fill).name == "42"


def test_a_number_is_never_used_again(tmp_path):
    last = [publish_version(tmp_path, fill) for _ in range(3)][-1]
    (last / "saved_model.pb").unlink()
    last.rmdir()
    assert publish_version(tmp_path, fill).name == "4"


def test_concurrent_exports_get_a_number_each(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        versions = list(pool.map(lambda _: publish_version(tmp_path, fill), range(40)))
    assert sorted(int(version.name) for version in versions) == list(range(1, 41))
    assert all((version / "saved_model.pb").is_file() for version in versions)


def test_a_failure_leaves_nothing(tmp_path):
    def fail(folder):
        fill(folder)
        raise RuntimeError("disk full")

    publish_version(tmp_path, fill)
    with pytest.raises(RuntimeError, match="disk full"):
        publish_version(tmp_path, fail)
    with pytest.raises(RuntimeError, match="disk full"):
        write_folder(tmp_path / "9", fail)
    assert served(tmp_path) == [1]
    assert not list(tmp_path.glob("*.partial"))


def test_an_existing_folder_is_refused_before_and_after(tmp_path):
    (tmp_path / "1").mkdir()
    with pytest.raises(FileExistsError):
        write_folder(tmp_path / "1", fill)

    def appear_meanwhile(folder):
        fill(folder)
        (tmp_path / "2").mkdir()

    with pytest.raises(FileExistsError):
        write_folder(tmp_path / "2", appear_meanwhile)
    assert list((tmp_path / "2").iterdir()) == []


def test_processes_killed_at_any_moment_leave_only_whole_versions(tmp_path):
    for delay in range(8):
        writers = [start_writer(tmp_path) for _ in range(2)]
        time.sleep(0.02 + 0.007 * delay)
        for writer in writers:
            os.kill(writer.pid, signal.SIGKILL)
        told = [
            int(line)
            for writer in writers
            for line in writer.communicate()[0].splitlines()
        ]
        versions = served(tmp_path)
        assert set(told) <= set(versions)
        for number in versions:
            version = tmp_path / str(number)
            assert (version / "saved_model.pb").stat().st_size == 100_000
            assert (version / "variables" / "variables.index").stat().st_size == 100_000
    before = served(tmp_path)
    assert int(publish_version(tmp_path, fill).name) > max(before)


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path):
    writer = start_writer(tmp_path)
    while not list(tmp_path.glob(".version-*.partial/saved_model.pb")):
        assert writer.poll() is None
    # Killed while it fills one, or between two.
    os.kill(writer.pid, signal.SIGKILL)
    writer.communicate()
    (tmp_path / ".version-dead.partial" / "variables").mkdir(parents=True)
    (tmp_path / ".mine").mkdir()
    publish_version(tmp_path, fill)
    assert not list(tmp_path.glob(".*.partial"))
    assert (tmp_path / ".mine").exists()


def test_what_another_process_is_writing_is_left_alone(tmp_path):
    def publish_meanwhile(folder):
        fill(folder)
        publish_version(tmp_path, fill)
        assert (folder / "saved_model.pb").exists(), "it was taken for a leftover"

    assert publish_version(tmp_path, publish_meanwhile).name == "2"
    assert served(tmp_path) == [1, 2]


@pytest.mark.parametrize(
    "name", ["٣٣", "+7", "1_0", " 8", "9223372036854775808", "9" * 40, "-1", "7."]
)
def test_only_the_servers_numbers_are_versions(tmp_path, name):
    (tmp_path / name).mkdir()
    assert publish_version(tmp_path, fill).name == "1"


def test_the_largest_number_leaves_none_and_says_so(tmp_path):
    (tmp_path / "9223372036854775807").mkdir()
    with pytest.raises(UserError, match="leave a higher number"):
        publish_version(tmp_path, fill)
    assert not list(tmp_path.glob(".*.partial"))


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError("Can't write data (errno = 28, 'No space left on device')"),
        tf.errors.ResourceExhaustedError(None, None, "x; No space left on device"),
    ],
)
def test_a_full_disk_is_one_message_and_leaves_nothing(tmp_path, error):
    def fail(folder):
        fill(folder)
        raise error

    with pytest.raises(RunStoppedError, match=r"No space left on device\. Nothing"):
        publish_version(tmp_path / "m", fail)
    assert os.listdir(tmp_path / "m") == []


def test_an_error_that_is_not_the_disks_stays_what_it_is(tmp_path):
    def fail(folder):
        raise FileNotFoundError(errno.ENOENT, "No such file", "forgotten")

    with pytest.raises(FileNotFoundError, match="forgotten"):
        publish_version(tmp_path, fail)


def test_a_path_in_place_of_the_model_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"fit\.model of fit_table"):
        publish_saved_model(str(tmp_path), tmp_path, "heart")
