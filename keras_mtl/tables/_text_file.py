"""The decompressed text of a file, and its encoding."""

from __future__ import annotations

import bz2
import codecs
import gzip
import lzma
import os
import re
import shlex
import shutil
import tempfile
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from keras_mtl.errors import UserError, did_you_mean
from keras_mtl.tables._zstandard import zstandard_module

__all__ = ["ENCODING", "TextFile", "find_encoding", "open_text_file", "refuse_json"]

# The encoding of the text that is read, with or without a byte order mark.
ENCODING = "utf-8-sig"
CHUNK = 1 << 20
# The number of bytes that show whether a text is UTF-16 without a byte order mark.
SAMPLE = 1 << 12
# The end mark of a text. Some programs fill the last 128 bytes with it.
END_OF_TEXT = re.compile(rb"\x1a[\x1a\0\r\n]*\Z")
LONGEST_END = 1 << 10

ZIP = b"PK\x03\x04"
UNPACKERS: dict[bytes, Any] = {
    rb"\x1f\x8b": gzip.open,
    rb"BZh[1-9]1AY&": bz2.open,
    rb"\xfd7zXZ\x00": lzma.open,
}
ZSTANDARD = b"\x28\xb5\x2f\xfd"
OTHER_KINDS = {
    rb"\xd0\xcf\x11\xe0": "an old Excel workbook. Save it as 'CSV UTF-8'.",
    rb"PAR1[\x00-\x1f]": "a Parquet file. Give it a name that ends in `.parquet`.",
    rb"7z\xbc\xaf": "a 7-Zip archive. Unpack it.",
    rb"Rar!\x1a": "a RAR archive. Unpack it.",
    rb"%PDF-": "a PDF document. Save the table as CSV.",
    rb"\x93NUMPY": "an array of NumPy. Save it with column names as CSV.",
    rb"\x89HDF\r\n": "an HDF5 file. Save its table as CSV or Parquet.",
    rb"\x80[\x02-\x05][\x95c}\](]": "a pickle of Python. Save its table as CSV.",
    rb"SQLite format 3\0": "a SQLite database. Save its table as CSV.",
    rb"ARROW1\0|FEA1\0": "an Arrow or Feather file. Save it as CSV or Parquet.",
    rb"ORC[^ -~\s]": "an ORC file. Save it as CSV or Parquet.",
    rb"Obj\x01": "an Avro file. Save it as CSV or Parquet.",
    rb"RD[AX][23]\n": "a file of R. Save its table by `write.csv`.",
    rb"\$FL[23]@\(#\)": "a file of SPSS. Save it as CSV.",
    rb"<stata_dta>|[\x69-\x73][\x01\x02]\x01\0": "a file of Stata. Save it as CSV.",
    rb"HEADER RECORD\*{7}": "a transport file of SAS. Save it as CSV.",
    rb"\x89PNG|\xff\xd8\xff|GIF8[79]a": "a picture. Give the table as CSV.",
    rb"(?:\xff\xfe\0\0|\0\0\xfe\xff)": "text in UTF-32. Save it as UTF-8.",
}
# Other formats of text. A byte order mark or white space may come first.
OTHER_TEXTS = {
    rb"(?i:<!doctype html|<html)": "a page in HTML. Save its table as CSV.",
    rb"<\?xml": "XML. Save its rows as CSV.",
    rb"(?i:@relation\s)": "an ARFF file of Weka. Save it as CSV.",
    rb"version https://git-lfs": "a pointer of Git LFS. Get the file: `git lfs pull`.",
}
START_OF_TEXT = rb"(?:\xef\xbb\xbf)*\s*"
# The beginning of JSON, with which no CSV file begins. JSON lines have their own
# reader.
JSON = r"\ufeff*\s*[\[{]\s*[\"\[{]"


@dataclass(frozen=True)
class TextFile:
    """The text of a file, which can be read several times.

    Args:
        source: The name of the file in messages.
        path: The path of the file, or of a decompressed copy in UTF-8.
        copy: The owner of the copy, which is removed with this object.
    """

    source: str
    path: str
    copy: Any = field(default=None, compare=False, repr=False)


def open_text_file(
    source: str | os.PathLike[str], path: str | os.PathLike[str] | None = None
) -> TextFile:
    """Open the text of a file, decompressed if necessary.

    A file compressed with gzip, bzip2, xz or Zstandard, or a zip archive of one file,
    is decompressed into a temporary file. A file in UTF-16 is copied as UTF-8. A Ctrl-Z
    at the end, which old programs write, is removed.

    Args:
        source: The file.
        path: The path of the file, if the source is only its name in messages. The
            file must exist as long as the text is read.

    Raises:
        UserError: If the file does not exist, cannot be read, or is not text in UTF-8
            or UTF-16.
    """
    # A Path would shorten the slashes of an address.
    file: Any = Path(source) if path is None else os.fspath(source)
    given = os.fspath(source if path is None else path)
    copy = None
    try:
        if path is None:
            _require_file(file)
        copy = _unpack(file, given)
        found = given if copy is None else copy.name
        copy = _without_end_mark(found, copy)
        found = given if copy is None else copy.name
        encoding = find_encoding(found, file)
        if encoding != ENCODING:
            copy = _as_utf8(found, encoding)
            found = copy.name
        return TextFile(os.fspath(source), found, copy)
    except OSError as error:
        raise UserError(
            f"{file}: cannot be read ({error.strerror or error})."
        ) from error


def refuse_json(text_file: TextFile) -> None:
    """Require that a text is not JSON.

    Raises:
        UserError: If the text begins like JSON.
    """
    with open(text_file.path, encoding=ENCODING) as text:
        start = text.read(256)
    if re.match(JSON, start):
        raise UserError(
            f"{text_file.source}: expected a text file. Received: JSON. Save its rows "
            "as CSV, or as JSON lines in a file named *.jsonl."
        )


def _require_file(file: Path) -> None:
    if file.is_dir():
        raise UserError(f"{file}: expected a CSV file. Received: a folder.")
    if not file.exists():
        near = file.parent.iterdir() if file.parent.is_dir() else ()
        hint = did_you_mean(file.name, (other.name for other in near))
        raise UserError(f"{file}: no such file.{hint}")
    if not file.is_file():
        raise UserError(
            f"{file}: expected a regular file, because it is read several times. "
            "Save the data to a file first."
        )


def _unpack(file: Any, path: str) -> Any:
    """Decompress a file into a temporary file, or return None for a plain file."""
    with open(path, "rb") as handle:
        start = handle.read(256)
    marks = OTHER_KINDS | {
        START_OF_TEXT + mark: what for mark, what in OTHER_TEXTS.items()
    }
    for mark, what in marks.items():
        if re.match(mark, start):
            what = what.format(name=shlex.quote(Path(file).name))
            raise UserError(f"{file}: expected a text file. Received: {what}")
    opener = next(
        (UNPACKERS[mark] for mark in UNPACKERS if re.match(mark, start)), None
    )
    if start.startswith(ZSTANDARD):
        return _unpack_zstandard(file, path)
    try:
        if start.startswith(ZIP):
            with (
                zipfile.ZipFile(path) as archive,
                _only_member(file, archive) as packed,
            ):
                return _copy(packed)
        if opener is not None:
            with opener(path, "rb") as packed:
                return _copy(packed)
    except zipfile.BadZipFile as error:
        raise UserError(
            f"{file}: expected a text file. Received: a zip archive that is damaged "
            f"({error}). Pack it again, or give the text itself."
        ) from None
    except (
        EOFError,
        zlib.error,
        lzma.LZMAError,
        gzip.BadGzipFile,
        # zipfile raises this error for a password or an unknown method.
        RuntimeError,
    ) as error:
        raise _damaged(file, error) from None
    return None


def _unpack_zstandard(file: Any, path: str) -> Any:
    zstd = zstandard_module(file)
    try:
        with zstd.open(path, "rb") as packed:
            return _copy(packed)
    except (EOFError, zstd.ZstdError) as error:
        raise _damaged(file, error) from None


def _damaged(file: Any, error: Exception) -> UserError:
    return UserError(
        f"{file}: expected a packed file that can be unpacked. Received: {error}. "
        "Pack it again, or give the text itself."
    )


def _only_member(file: Any, archive: zipfile.ZipFile) -> IO[bytes]:
    names = [
        name
        for name in archive.namelist()
        # macOS adds these files.
        if not name.endswith(("/", ".DS_Store")) and not name.startswith("__MACOSX/")
    ]
    if "[Content_Types].xml" in names or "mimetype" in names:
        raise UserError(
            f"{file}: expected a text file. Received: a zip archive, perhaps "
            "an Excel workbook. Save it as 'CSV UTF-8'."
        )
    if len(names) != 1:
        shown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
        raise UserError(
            f"{file}: expected a zip archive of one file. Received: {len(names)}"
            f"{f' ({shown})' if names else ''}. Unpack the one that holds the rows."
        )
    return archive.open(names[0])


def _copy(stream: IO[bytes], length: int | None = None) -> Any:
    """Copy bytes into a temporary file, which exists as long as the result."""
    copy = tempfile.NamedTemporaryFile(prefix="keras_mtl_", suffix=".csv")  # noqa: SIM115
    if length is None:
        shutil.copyfileobj(stream, copy, CHUNK)
    else:
        while length and (part := stream.read(min(length, CHUNK))):
            copy.write(part)
            length -= len(part)
    copy.flush()
    return copy


def _as_utf8(path: str, encoding: str) -> Any:
    """Copy a text into a temporary file in UTF-8."""
    copy = tempfile.NamedTemporaryFile(prefix="keras_mtl_", suffix=".csv")  # noqa: SIM115
    with open(path, encoding=encoding, newline="") as text:
        while part := text.read(CHUNK):
            copy.write(part.encode())
    copy.flush()
    return copy


def _without_end_mark(path: str, copy: Any) -> Any:
    """Return a copy that ends before a Ctrl-Z, if the text ends with one."""
    with open(path, "rb") as handle:
        size = handle.seek(0, os.SEEK_END)
        handle.seek(max(0, size - LONGEST_END))
        end = handle.read()
        found = END_OF_TEXT.search(end)
        if found is None:
            return copy
        length = size - len(end) + found.start()
        # In big-endian UTF-16 a NUL byte comes before the mark.
        length -= length % 2 and end[: found.start()].endswith(b"\0")
        if copy is None:
            handle.seek(0)
            return _copy(handle, length)
    copy.truncate(length)
    return copy


def find_encoding(path: str | os.PathLike[str], source: Any = None) -> str:
    """Find the encoding of a text file: UTF-8 or UTF-16.

    One pass reads one mebibyte at a time. After an error, the file is read
    again to find the line of the error.

    Args:
        path: The file.
        source: The name of the file in messages; by default its path.

    Returns:
        `"utf-8-sig"` (UTF-8 with or without a byte order mark), `"utf-16"`, or
        `"utf-16-le"` and `"utf-16-be"` without a mark.

    Raises:
        UserError: If the file is not text in one of these encodings. The message names
            the line and the offset of a wrong byte.
    """
    with open(path, "rb") as handle:
        start = handle.read(SAMPLE)
    if start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        encoding = "utf-16"
    else:
        encoding = _unmarked_utf16(start) or ENCODING
    if encoding != ENCODING or not _is_sound(path):
        _check_text(Path(path), encoding, path if source is None else source)
    return encoding


def _is_sound(path: str | os.PathLike[str]) -> bool:
    """Return whether a file is certainly text in UTF-8; fast, without line numbers."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with open(path, "rb", buffering=0) as handle:
        try:
            while chunk := handle.read(CHUNK):
                if b"\0" in chunk:
                    return False
                # Decode if the previous chunk ended within a character.
                if not chunk.isascii() or decoder.getstate()[0]:
                    decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _unmarked_utf16(start: bytes) -> str | None:
    """Find UTF-16 without a byte order mark by its NUL bytes.

    One of the two bytes of each Latin letter, digit and delimiter is NUL, always the
    same one. Text in UTF-8 has no NUL bytes.
    """
    start = start[: len(start) // 2 * 2]
    for encoding, first in (("utf-16-le", 1), ("utf-16-be", 0)):
        high, low = start[first::2], start[1 - first :: 2]
        if high.count(0) > max(1, 0.4 * len(high)) and not low.count(0):
            text = start.decode(encoding, "ignore")
            if re.search(r"[\r\n,;\t|]", text):
                return encoding
    return None


def _check_text(file: Path, encoding: str, source: Any) -> None:
    decoder = codecs.getincrementaldecoder(encoding)()
    end = 0  # The number of bytes read so far.
    line = 1
    after_return = False
    with open(file, "rb") as handle:
        while True:
            chunk = handle.read(CHUNK)
            end += len(chunk)
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                valid = error.object[: error.start].decode(encoding, "ignore")
                line += _count_line_ends(valid, after_return)
                offset = end - len(error.object) + error.start
                name = "UTF-8" if encoding == ENCODING else "UTF-16"
                raise UserError(
                    f"{source}, line {line}: expected text in UTF-8. Received: byte "
                    f"0x{error.object[error.start]:02x} at offset {offset}, which is "
                    f"not {name}. Save the "
                    "file as UTF-8; if it comes from Windows, `iconv -f WINDOWS-1252 "
                    f"-t UTF-8 {shlex.quote(Path(source).name)}` may turn it into that."
                ) from None
            nul = text.find("\0")
            if nul >= 0:
                line += _count_line_ends(text[:nul], after_return)
                raise UserError(
                    f"{source}, line {line}: expected text. Received: a NUL character, "
                    "as in binary files. Save the table as a CSV file in UTF-8."
                )
            line += _count_line_ends(text, after_return)
            after_return = text.endswith("\r") if text else after_return
            if not chunk:
                return


def _count_line_ends(text: str, after_return: bool) -> int:
    """Count \\n, \\r\\n and \\r; two pieces of text may share one \\r\\n."""
    count = text.count("\n") + text.count("\r") - text.count("\r\n")
    return count - 1 if after_return and text.startswith("\n") else count
