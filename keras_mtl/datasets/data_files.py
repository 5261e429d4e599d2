"""Paths of the embedded data sets."""

from pathlib import Path

__all__ = ["data_file"]

PACKAGE = Path(__file__).resolve().parents[1]


def data_file(name: str) -> Path:
    """Return the path of an embedded data file.

    In an installed wheel `data/` is inside the package; in a source checkout it is
    beside the package.

    Args:
        name: The file's name.

    Returns:
        The file's path.

    Raises:
        FileNotFoundError: If neither place has the file.

    Example:

    >>> data_file("heart_disease_uci.csv").name
    'heart_disease_uci.csv'
    """
    for folder in (PACKAGE / "data", PACKAGE.parent / "data"):
        if (folder / name).is_file():
            return folder / name
    raise FileNotFoundError(
        f"Expected the data file {name!r} in {PACKAGE / 'data'} or in "
        f"{PACKAGE.parent / 'data'}. Received: neither. Install keras_mtl again."
    )
