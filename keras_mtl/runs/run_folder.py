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

# Where runs without a name of the user's go.
UNNAMED = Path("runs")

# What every run folder holds: by it one is known from a folder of the user's.
RUN_MARKS = ("config.toml", "metrics.json", "model.keras")


def choose_folder(
    folder: str | None,
    overwrite: bool,
    name: str,
    marks: Sequence[str] = RUN_MARKS,
) -> Path:
    """Choose where a run, or another command's result, is written.

    Args:
        folder: What the user asked for; None takes the first of `runs/NAME`,
            `runs/NAME-2`, ... that is not there.
        overwrite: Whether a run folder that is there may be replaced.
        name: What an unnamed run is called after.
        marks: The files by which a folder is known that may be replaced.

    Raises:
        UserError: If the folder is there and may not be replaced, or is no
            run folder, or can't be made.
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
    """Return the nearest folder above that is there."""
    parents = path.absolute().parents
    return next(parent for parent in parents if os.path.lexists(parent))


@contextlib.contextmanager
def new_run_folder(path: Path, overwrite: bool) -> Iterator[Path]:
    """Give a folder to write a run into, and put it in its place at the end.

    It is written beside its place under a hidden name and renamed when all is
    on the disk, so that a run killed at any moment leaves no folder that looks
    complete. What a killed one left is removed.

    Args:
        path: The run folder's place.
        overwrite: Whether a run folder there is replaced.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(path)
    replaced = path.with_name(f".{path.name}.replaced")
    _restore(replaced, path)
    with folder_beside(path) as written:
        yield written
        flush_tree(written)
        if overwrite and path.exists():
            # Both renames are atomic; between them the run is absent.
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
    """End what a process that was killed while it replaced a run had begun."""
    if not replaced.exists():
        return
    if path.exists():
        shutil.rmtree(replaced)
    else:
        # Only the old run is surely whole.
        replaced.rename(path)
