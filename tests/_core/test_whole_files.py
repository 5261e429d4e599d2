"""Files that appear whole, with the permissions of their owner's umask."""

import os
import stat

import pytest

from keras_mtl._core.whole_files import whole_text_file


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o007, 0o660)])
def test_the_umask_decides_who_reads_the_file(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        with whole_text_file(tmp_path / "rows.csv") as file:
            file.write("row\n")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "rows.csv").stat().st_mode) == mode


def write_and_raise(path):
    with whole_text_file(path) as file:
        file.write("new")
        raise KeyboardInterrupt


def test_a_failure_leaves_what_was_there_and_nothing_else(tmp_path):
    (tmp_path / "rows.csv").write_text("old")
    with pytest.raises(KeyboardInterrupt):
        write_and_raise(tmp_path / "rows.csv")
    assert os.listdir(tmp_path) == ["rows.csv"]
    assert (tmp_path / "rows.csv").read_text() == "old"
