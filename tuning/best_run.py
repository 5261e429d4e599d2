"""The run of the best settings, at the end of a search."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from keras_mtl.configuration.toml_file import read_toml
from keras_mtl.configuration.validate import build_config
from keras_mtl.runs.fit_run import fit_run

if TYPE_CHECKING:
    from keras_mtl.runs.fit_run import FinishedRun

__all__ = ["BEST", "fit_best"]

# The name of the run folder in the search folder.
BEST = "best"


def fit_best(folder: Path, quiet: bool = False) -> FinishedRun:
    """Fit the best settings of a search, in the folder of the search.

    The run is the same as that of `python -m keras_mtl.fit --config
    FOLDER/config.toml`. The settings are read from the file, which contains no setting
    of the search.

    Args:
        folder: The search folder, with its `config.toml`.
        quiet: Whether only warnings are shown.

    Returns:
        The run, which replaces an existing one.

    Raises:
        UserError: If `best` exists and is not a run folder.
        RunStoppedError: If the process is interrupted.
    """
    config = build_config(read_toml(str(folder / "config.toml")))
    place = folder / BEST
    output = config.output.replace(folder=str(place), overwrite=place.exists())
    return fit_run(config.replace(output=output), quiet)
