"""The run folder: complete or absent."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from keras_mtl._core.claims import is_claimed
from keras_mtl._core.whole_folders import (
    flush_tree,
    folder_beside,
    remove_leftovers,
)
from keras_mtl.errors import UserError

__all__ = ["choose_folder", "new_run_folder"]

# The folder of runs without a name from the user.
UNNAMED = Path("runs")

# Files in every run folder, which distinguish it from other folders.
RUN_MARKS = ("config.toml", "metrics.json", "model.keras")


def choose_folder(
    folder: str | None,
    overwrite: bool,
    name: str,
    marks: Sequence[str] = RUN_MARKS,
) -> Path:
    """Choose the folder of a run, or of another command's result.

    Args:
        folder: The folder from the user; None uses the first of `runs/NAME`,
            `runs/NAME-2`, ... that does not exist.
        overwrite: Whether an existing run folder may be replaced.
        name: The name for a run without a folder.
        marks: The files that identify a folder that may be replaced.

    Raises:
        UserError: If the folder exists and may not be replaced, is not a run folder, or
            cannot be created.
    """
    path = Path(folder) if folder is not None else UNNAMED / name
    number = 1
    while folder is None and (os.path.lexists(path) or is_claimed(path)):
        number += 1
        path = UNNAMED / f"{name}-{number}"
    if os.path.lexists(path):
        if not overwrite:
            raise UserError(
                f"{path}: expected a folder that does not exist yet; it exists. Choose "
                "another with --out, or replace it with --overwrite."
            )
        lacking = [mark for mark in marks if not (path / mark).is_file()]
        if lacking:
            raise UserError(
                f"{path}: --overwrite replaces an earlier result alone, and this is "
                f"none: it lacks {', '.join(lacking)}. Choose another folder with "
                "--out."
            )
    parent = _nearest_parent(path)
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        raise UserError(
            f"{path}: expected a folder that can be made; {parent} can't be written "
            "to. Choose another with --out."
        )
    return path


def _nearest_parent(path: Path) -> Path:
    """Return the nearest existing parent folder."""
    parents = path.absolute().parents
    return next(parent for parent in parents if os.path.lexists(parent))


@contextlib.contextmanager
def new_run_folder(path: Path, overwrite: bool) -> Iterator[Path]:
    """Yield a folder to write a run into, and rename it to its path at the end.

    The folder is written beside its path under a hidden name, and is renamed when all
    files are on the disk. A run that is killed at any time therefore leaves no folder
    that looks complete. The rest of an earlier killed run is removed.

    Args:
        path: The path of the run folder.
        overwrite: Whether an existing run folder is replaced.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(path)
    replaced = path.with_name(f".{path.name}.replaced")
    _restore(replaced, path)
    with folder_beside(path) as written:
        yield written
        flush_tree(written)
        if overwrite and path.exists():
            # Both renames are atomic; between them, the run does not exist.
            path.rename(replaced)
            written.rename(path)
            shutil.rmtree(replaced)
        elif path.exists():
            raise UserError(
                f"{path}: expected a folder that does not exist yet; it has appeared "
                "since this run began. Choose another with --out."
            )
        else:
            written.rename(path)


def _restore(replaced: Path, path: Path) -> None:
    """Complete the replacement of a run by a process that was killed."""
    if not replaced.exists():
        return
    if path.exists():
        shutil.rmtree(replaced)
    else:
        # Only the old run is certainly complete.
        replaced.rename(path)
