"""Whether a path leads to a text file, and how its text is encoded."""

import codecs
import os
import shlex
from pathlib import Path

from keras_mtl.errors import UserError, did_you_mean

__all__ = ["find_encoding"]

CHUNK = 1 << 20


def find_encoding(path: str | os.PathLike[str]) -> str:
    """Finds the encoding of a text file: UTF-8, or UTF-16 with its mark.

    The file is read once, a mebibyte at a time.

    Args:
        path: The file.

    Returns:
        `"utf-8-sig"` (UTF-8 with or without a byte order mark) or `"utf-16"`.

    Raises:
        UserError: If there is no such file, if it cannot be read, or if it is
            not text in one of these encodings. A wrong byte is named by its
            line and its offset.
    """
    file = Path(path)
    try:
        _require_file(file)
        with open(file, "rb") as handle:
            start = handle.read(4)
        if start.startswith(b"PK\x03\x04"):
            raise UserError(
                f"{file}: expected a text file. Received: a zip archive, perhaps "
                "an Excel workbook. Save it as 'CSV UTF-8'."
            )
        utf16 = start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        encoding = "utf-16" if utf16 else "utf-8-sig"
        _check_text(file, encoding)
    except OSError as error:
        raise UserError(
            f"{file}: cannot be read ({error.strerror or error})."
        ) from error
    return encoding


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


def _check_text(file: Path, encoding: str) -> None:
    decoder = codecs.getincrementaldecoder(encoding)()
    end = 0  # bytes read so far
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
                raise UserError(
                    f"{file}, line {line}: expected text in UTF-8. Received: byte "
                    f"0x{error.object[error.start]:02x} at offset {offset}, which is "
                    f"not {'UTF-16' if encoding == 'utf-16' else 'UTF-8'}. Save the "
                    "file as UTF-8; if it comes from Windows, `iconv -f WINDOWS-1252 "
                    f"-t UTF-8 {shlex.quote(file.name)}` may turn it into that."
                ) from None
            nul = text.find("\0")
            if nul >= 0:
                line += _count_line_ends(text[:nul], after_return)
                raise UserError(
                    f"{file}, line {line}: expected text. Received: a NUL character, "
                    "as in binary files and in UTF-16 without its mark. Save the "
                    "table as a CSV file in UTF-8."
                )
            line += _count_line_ends(text, after_return)
            after_return = text.endswith("\r") if text else after_return
            if not chunk:
                return


def _count_line_ends(text: str, after_return: bool) -> int:
    """Counts \\n, \\r\\n and \\r, when \\r\\n may lie across two pieces."""
    count = text.count("\n") + text.count("\r") - text.count("\r\n")
    return count - 1 if after_return and text.startswith("\n") else count
