"""Where the embedded data sets lie."""

from pathlib import Path

__all__ = ["data_file"]

PACKAGE = Path(__file__).resolve().parents[1]


def data_file(name: str) -> Path:
    """Finds an embedded data file.

    A wheel carries `data/` within the package; in a source checkout it lies
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
