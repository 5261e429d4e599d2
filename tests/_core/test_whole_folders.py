"""Folders that appear whole, and a disk that takes no more."""

import errno
import os

import pytest

from keras_mtl._core.whole_folders import (
    disk_failures,
    folder_beside,
    plain_path,
    remove_leftovers,
)
from keras_mtl.errors import RunStoppedError


def test_a_folder_that_is_not_renamed_is_removed(tmp_path):
    with folder_beside(tmp_path / "new" / "run") as folder:
        (folder / "file").touch()
        assert os.listdir(tmp_path / "new") == [folder.name]
    assert os.listdir(tmp_path / "new") == []


def test_a_folder_that_is_being_written_is_no_leftover(tmp_path):
    place = tmp_path / "run"
    with folder_beside(place) as folder:
        remove_leftovers(place)
        assert folder.exists()
    (tmp_path / ".run-1.partial").mkdir()
    (tmp_path / ".run2-1.partial").mkdir()
    remove_leftovers(place)
    assert os.listdir(tmp_path) == [".run2-1.partial"]


def test_the_longest_name_can_be_written(tmp_path):
    place = tmp_path / ("n" * 255)
    with folder_beside(place) as folder:
        os.rename(folder, place)
    assert os.listdir(tmp_path) == [place.name]


def test_a_plain_path_leads_to_the_folder(tmp_path):
    with plain_path(tmp_path) as path:
        assert path == tmp_path
    folder = tmp_path / "a[b]*\\?"
    folder.mkdir()
    with plain_path(folder) as path:
        (path / "file").touch()
        assert not set("[]*?\\") & set(str(path))
    assert os.listdir(folder) == ["file"]
    assert not path.exists()


def fail_in_two_contexts(error):
    with disk_failures("outer", "Resume."), disk_failures("inner", "Publish again."):
        raise error


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_the_outer_context_has_the_word(number):
    with pytest.raises(RunStoppedError, match=r"^outer: .*\. Resume\.$") as caught:
        fail_in_two_contexts(OSError(number, os.strerror(number)))
    assert os.strerror(number) in str(caught.value)


@pytest.mark.parametrize("error", [RunStoppedError("a worker is lost"), KeyError("x")])
def test_other_errors_pass(error):
    with pytest.raises(type(error)) as caught:
        fail_in_two_contexts(error)
    assert caught.value is error
