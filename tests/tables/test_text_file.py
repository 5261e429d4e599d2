"""Packed files are read as what they hold, or named as what they are."""

import bz2
import gzip
import io
import lzma
import os
import sys
import tarfile
import zipfile

import pytest

from keras_mtl.errors import UserError
from keras_mtl.tables import read_csv
from keras_mtl.tables._text_file import open_text_file

OLD = sys.version_info < (3, 14)
TEXT = b"a,b\n1,x\n2,y\n"


def zipped(*members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members:
            archive.writestr(name, content)
    return stream.getvalue()


PACKED = {
    "rows.csv.gz": gzip.compress(TEXT),
    "rows.csv.bz2": bz2.compress(TEXT),
    "rows.csv.xz": lzma.compress(TEXT),
    "rows.zip": zipped(("rows.csv", TEXT)),
    "of a Mac.zip": zipped(("d/", b""), ("d/r.csv", TEXT), ("__MACOSX/d/r.csv", b"1")),
    # What it is shows in its bytes, not in its name.
    "rows.csv": gzip.compress("a,b\n1,x\n2,y\n\x1a".encode("utf-8-sig")),
}


@pytest.mark.parametrize("name", PACKED)
def test_packed_rows_are_read(tmp_path, name):
    (tmp_path / name).write_bytes(PACKED[name])
    frame = read_csv(tmp_path / name)
    assert frame.to_dict("list") == {"a": [1, 2], "b": ["x", "y"]}


def test_rows_that_zstandard_packed_are_read(tmp_path):
    zstd = pytest.importorskip("backports.zstd" if OLD else "compression.zstd")
    (tmp_path / "rows.csv.zst").write_bytes(zstd.compress(TEXT))
    frame = read_csv(tmp_path / "rows.csv.zst")
    assert frame.to_dict("list") == {"a": [1, 2], "b": ["x", "y"]}


def test_zstandard_that_is_not_installed_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "compression.zstd", None)
    monkeypatch.setitem(sys.modules, "backports.zstd", None)
    (tmp_path / "rows.csv.zst").write_bytes(b"\x28\xb5\x2f\xfd\0\0")
    with pytest.raises(UserError, match=r"pip install backports\.zstd"):
        read_csv(tmp_path / "rows.csv.zst")


REFUSED = {
    "rows.csv.zst": (b"\x28\xb5\x2f\xfd\0\0", "can be unpacked"),
    "two.zip": (zipped(("a.csv", TEXT), ("b.csv", TEXT)), r"2 \(a.csv, b.csv\)"),
    "none.zip": (zipped(("d/", b"")), "one file. Received: 0"),
    "book.xlsx": (zipped(("[Content_Types].xml", b""), ("xl/a", b"")), "Excel"),
    "cut.csv.gz": (gzip.compress(os.urandom(9999))[:-500], "can be unpacked"),
    "wrong.csv.gz": (b"\x1f\x8b\x08\0" + b"\xff" * 50, "can be unpacked"),
    "old.xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Excel workbook"),
    "rows.csv": (b"PAR1\x15\x04", r"name that ends in `\.parquet`"),
    "rows.npy": (b"\x93NUMPY\x01\0v\0", "array of NumPy"),
    "rows.pkl": (b"\x80\x04\x95\0\0\0\0", "pickle of Python"),
    "rows.h5": (b"\x89HDF\r\n\x1a\n", "HDF5"),
    "rows.db": (b"SQLite format 3\0", "SQLite"),
    "rows.feather": (b"ARROW1\0\0", "Arrow"),
    "rows.orc": (b"ORC\x11\0\0", "ORC"),
    "rows.dta": (b"\x72\x02\x01\0", "Stata"),
    "rows.sav": (b"$FL2@(#) SPSS", "SPSS"),
    "rows.rda": (b"RDX3\nX\n", "`write.csv`"),
    "rows.xpt": (b"HEADER RECORD*******LIBRARY", "SAS"),
    "plot.csv": (b"\x89PNG\r\n\x1a\n", "picture"),
    "wide.csv": ("a,b\n1,2\n".encode("utf-32"), "UTF-32"),
    "rows.json": (b'\xef\xbb\xbf\n[{"a": 1}]', "JSON"),
    "rows.html": (b"<!DOCTYPE html><table>", "HTML"),
    "rows.xml": (b'<?xml version="1.0"?>', "XML"),
    "rows.arff": (b"@RELATION iris\n", "ARFF"),
    "pointer.csv": (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_can_not_be_unpacked_is_named(tmp_path, name):
    content, message = REFUSED[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=message) as error:
        read_csv(tmp_path / name)
    (told,) = error.value.messages
    assert told.startswith(str(tmp_path / name))


def test_mistakes_in_packed_rows_name_the_file_that_was_given(tmp_path):
    path = tmp_path / "rows.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n1,2\n1\n3,\xff\n"))
    with pytest.raises(UserError, match=r"rows\.csv\.gz, line 4: expected text"):
        read_csv(path)


def test_an_archive_of_other_files_is_no_table(tmp_path):
    path = tmp_path / "rows.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        (tmp_path / "a.csv").write_bytes(TEXT)
        archive.add(tmp_path / "a.csv", "a.csv")
    with pytest.raises(UserError, match="NUL character"):
        read_csv(path)


def test_the_unpacked_copy_lives_as_long_as_what_reads_it(tmp_path):
    path = tmp_path / "rows.csv.gz"
    path.write_bytes(gzip.compress(TEXT))
    text = open_text_file(path)
    assert os.path.exists(text.path)
    copy = text.path
    del text
    assert not os.path.exists(copy)
