"""TOML files are read, or refused with a message that names them."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keras_mtl.configuration import (
    build_config,
    config_values,
    read_toml,
    write_toml,
)
from keras_mtl.errors import UserError, gather


def test_settings_are_the_same_when_written_and_read(tmp_path):
    path = tmp_path / "config.toml"
    config = build_config({"preset": "article"})
    write_toml(path, config_values(config))
    assert build_config(read_toml(str(path))) == config


def test_paths_of_data_are_relative_to_the_file(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text('[data]\npath = "rows.csv"\ntest_path = "/b/test.csv"\n')
    assert read_toml(str(path))["data"] == {
        "path": str(tmp_path / "rows.csv"),
        "test_path": "/b/test.csv",
    }


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (b"[training\n", "expected TOML; received"),
        (b"a = 1\na = 2\n", "expected TOML; received"),
        (b"\xff\xfe\x00", "expected TOML in UTF-8; byte 0"),
        (b"a = " + b"9" * 5000, "expected TOML; received"),
        (b"a = " + b"[" * 5000 + b"]" * 5000, "expected TOML; received"),
        (b".".join([b"a"] * 3000) + b" = 1", "at most 20 deep"),
        (b"\x00", "expected TOML; received"),
    ],
)
def test_what_is_no_settings_file_is_told(tmp_path, text, part):
    path = tmp_path / "a.toml"
    path.write_bytes(text)
    with pytest.raises(UserError) as error:
        read_toml(str(path))
    (message,) = error.value.messages
    assert message.startswith(f"{path}: ")
    assert part in message
    assert len(message) < 500


def test_an_absent_file_and_a_folder_are_told(tmp_path):
    with pytest.raises(UserError, match="no such file"):
        read_toml(str(tmp_path / "a.toml"))
    with pytest.raises(UserError, match="Is a directory"):
        read_toml(str(tmp_path))


@settings(
    max_examples=100,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes_are_read_or_refused(tmp_path, content):
    path = tmp_path / "a.toml"
    path.write_bytes(content)
    errors, config = [], None
    with gather(errors):
        config = build_config(read_toml(str(path)))
    assert (config is None) == bool(errors)
