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

# The run folder, in the search folder.
BEST = "best"


def fit_best(folder: Path, quiet: bool = False) -> FinishedRun:
    """Fits the settings that a search wrote, into the folder of the search.

    The run is that of `python -m keras_mtl.fit --config FOLDER/config.toml`: the
    settings are read from the file, so that no setting of the search is left in
    them.

    Args:
        folder: The search folder, with its `config.toml`.
        quiet: Whether nothing but warnings is shown.

    Returns:
        The run. A run that is there already is replaced.

    Raises:
        UserError: When `best` is there and is not a run folder.
        RunStoppedError: When the process is interrupted.
    """
    config = build_config(read_toml(str(folder / "config.toml")))
    place = folder / BEST
    output = config.output.replace(folder=str(place), overwrite=place.exists())
    return fit_run(config.replace(output=output), quiet)
