"""Where the results of a search are written."""

from __future__ import annotations

from pathlib import Path

from keras_mtl.errors import UserError
from keras_mtl.runs.run_folder import choose_folder

__all__ = ["choose_search_folder"]

# What every search folder holds: by it one is known from a folder of the user's.
MARKS = ("config.toml", "trials.csv")


def choose_search_folder(folder: str | None, overwrite: bool, name: str) -> Path:
    """Chooses where a search is written, by the rules of a run folder.

    Args:
        folder: What the user asked for; None takes the first of
            `runs/NAME-search`, `runs/NAME-search-2`, ... that is not there.
        overwrite: Whether a search folder that is there may be replaced.
        name: What an unnamed search is called after.

    Raises:
        UserError: When the folder is there and may not be replaced, or is no
            search folder, or can't be made.
    """
    if folder is None or not overwrite or not Path(folder).exists():
        return choose_folder(folder, False, f"{name}-search")
    lacking = [mark for mark in MARKS if not (Path(folder) / mark).is_file()]
    if lacking:
        raise UserError(
            f"{folder}: --overwrite replaces search folders alone, and this is none: "
            f"it lacks {', '.join(lacking)}. Choose another folder with --out."
        )
    return Path(folder)
