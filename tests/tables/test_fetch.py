"""Rows of the standard input and of addresses are read as files of the same bytes."""

import gzip
import io
import sys

import pytest

from keras_mtl.errors import UserError
from keras_mtl.tables import _fetch
from keras_mtl.tables.read_rows import read_rows

CSV = b"a,b\n1,x\n2,y\n"
ROWS = {"a": [1, 2], "b": ["x", "y"]}


@pytest.fixture
def standard_input(monkeypatch):
    """Puts bytes into the standard input."""

    def put(content):
        monkeypatch.setattr(_fetch._StandardInput, "rows", None)
        stdin = io.TextIOWrapper(io.BytesIO(content))
        monkeypatch.setattr(sys, "stdin", stdin)

    return put


def rows_at(path):
    store = read_rows(path, (), ())
    return {name: store[name].tolist() for name in store.columns}


@pytest.mark.parametrize(
    "content",
    [
        CSV,
        gzip.compress(CSV),
        CSV.decode().encode("utf-16"),
        b'{"a": 1, "b": "x"}\n{"a": 2, "b": "y"}\n',
    ],
    ids=["csv", "gzip", "utf-16", "json"],
)
def test_the_standard_input_is_read_by_its_content(standard_input, content):
    standard_input(content)
    assert rows_at("-") == ROWS
    # A command reads its rows several times.
    assert rows_at("-") == ROWS


def test_mistakes_in_the_standard_input_have_their_line(standard_input):
    standard_input(b"a,b\n1,2\n1\n")
    with pytest.raises(UserError, match=r"^standard input, data row 2 \(line 3\)"):
        rows_at("-")


def test_a_closed_standard_input_is_refused(standard_input, monkeypatch):
    standard_input(b"")
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(UserError, match="standard input that is closed"):
        rows_at("-")


def test_without_fsspec_the_remedy_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(UserError, match=r"s3://a/b\.csv: .*keras-mtl\[remote\]"):
        rows_at("s3://a/b.csv")


class TestAddresses:
    """Need fsspec, which is an extra."""

    @pytest.fixture(autouse=True)
    def bucket(self):
        fsspec = pytest.importorskip("fsspec")
        files = fsspec.filesystem("memory")
        yield files
        files.store.clear()

    def test_a_file_is_read(self, bucket):
        bucket.pipe("/b/rows.csv", CSV)
        bucket.pipe("/b/rows.jsonl.gz", gzip.compress(b'{"a": 1}\n'))
        bucket.pipe("/b/rows", CSV)
        assert rows_at("memory://b/rows.csv") == ROWS
        assert rows_at("memory://b/rows.jsonl.gz") == {"a": [1]}
        assert rows_at("memory://b/rows") == ROWS

    def test_a_folder_is_read(self, bucket):
        bucket.pipe("/b/t/year=2025/p.csv", CSV)
        bucket.pipe("/b/t/year=2026/p.csv", CSV)
        bucket.pipe("/b/t/_SUCCESS", b"")
        assert rows_at("memory://b/t") == {
            "a": [1, 2] * 2,
            "b": ["x", "y"] * 2,
            "year": [2025, 2025, 2026, 2026],
        }

    def test_mistakes_name_the_address_and_the_line(self, bucket):
        bucket.pipe("/b/rows.csv", b"a,b\n1\n")
        bucket.pipe("/b/t/p.csv", b"a,b\n1\n")
        with pytest.raises(UserError, match=r"^memory://b/rows\.csv, data row 1 \(l"):
            rows_at("memory://b/rows.csv")
        with pytest.raises(UserError, match=r"^memory://b/t/p\.csv, data row 1 \(l"):
            rows_at("memory://b/t/")

    @pytest.mark.parametrize(
        ("address", "message"),
        [
            ("memory://nowhere/rows.csv", "no such file"),
            ("nonsense://rows.csv", "cannot be read"),
        ],
    )
    def test_what_can_not_be_had_is_named(self, address, message):
        with pytest.raises(UserError, match=f"^{address}: {message}"):
            rows_at(address)
