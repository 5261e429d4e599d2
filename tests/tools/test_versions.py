"""The parts of `make test-versions` that need no environments."""

import sys
from pathlib import Path

import pytest

from tools.versions import (
    COPIED,
    TESTS,
    Outcome,
    find_pythons,
    main,
    read_counts,
    read_pins,
    table,
)

ROOT = Path(__file__).parents[2]

REPORT = """<testsuites><testsuite name="pytest">
<testcase classname="tests.a" name="good"/>
<testcase classname="tests.a" name="bad[1]"><failure message="no"/></testcase>
<testcase classname="tests.a" name="left"><skipped message="later"/></testcase>
<testcase classname="" name="tests.b"><error message="collection"/></testcase>
</testsuite></testsuites>"""


def test_what_is_tested_exists_and_is_copied():
    for name in TESTS:
        assert (ROOT / name).exists(), name
        assert name.startswith(COPIED), name


def test_pins_are_read_without_markers_and_comments():
    text = "# by uv\nnumpy==2.0.0\nbackports-zstd==1.0 ; python_version < '3.14'\n"
    assert read_pins(text) == {"numpy": "2.0.0", "backports-zstd": "1.0"}


def test_a_report_counts_what_passed_and_names_what_failed():
    assert read_counts(REPORT) == (1, ("tests.a::bad[1]", "tests.b"))


def test_the_python_of_this_process_is_found_if_it_is_asked_for(monkeypatch, tmp_path):
    minor = "{}.{}".format(*sys.version_info)
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "python3.99").write_text("#!/bin/sh\nexit 127\n")
    (tmp_path / "python3.99").chmod(0o755)
    (tmp_path / f"python{minor}").symlink_to(sys.executable)
    expected = {minor: tmp_path / f"python{minor}"}
    assert find_pythons(("3.99", minor)) == expected


def test_the_table_says_what_was_run_and_what_was_not():
    lines = table(
        [
            Outcome("3.11", "lowest", {"numpy": "2.0.0"}, 7, ("tests.a::bad",), 60),
            Outcome("3.14", "newest", {"numpy": "2.5.5"}),
            Outcome("3.15", "newest", {}, failures=("no wheel",)),
        ]
    ).splitlines()
    assert len({line.count("|") for line in lines}) == 1
    assert lines[2].endswith("7 passed, 1 failed |")
    assert "2.0.0" in lines[2]
    assert lines[3].endswith("has wheels, not run |")
    assert lines[4].endswith("no environment |")


def test_an_unknown_python_is_refused_before_anything_is_made(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["--python", "3.10"])
    assert "3.11" in capsys.readouterr().err
