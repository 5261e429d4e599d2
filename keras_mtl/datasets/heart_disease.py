"""The UCI Heart Disease data of all four sites."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from keras_mtl.datasets.data_files import data_file

if TYPE_CHECKING:
    # The settings of a fit name the columns before pandas is loaded.
    import pandas as pd

__all__ = [
    "HEART_DISEASE_FEATURES",
    "HEART_DISEASE_ZERO_IS_MISSING",
    "heart_disease_path",
    "load_heart_disease",
]

HEART_DISEASE_FEATURES: tuple[str, ...] = (
    "age",
    "sex",
    "cp",
    "trestbps",
    "chol",
    "fbs",
    "restecg",
    "thalach",
    "exang",
    "oldpeak",
    "slope",
    "ca",
)

# No living patient has a cholesterol or a blood pressure of 0.
HEART_DISEASE_ZERO_IS_MISSING: tuple[str, ...] = ("trestbps", "chol")


def heart_disease_path() -> Path:
    """Return the path of the embedded CSV file.

    Its datasheet, `heart_disease_uci.md`, is in the same folder. A zero in the columns
    of `HEART_DISEASE_ZERO_IS_MISSING` means a missing value.

    Returns:
        The path, which is valid in a checkout and in an installed wheel.

    Example:

    >>> heart_disease_path().name
    'heart_disease_uci.csv'
    """
    return data_file("heart_disease_uci.csv")


def load_heart_disease() -> pd.DataFrame:
    """Load the UCI Heart Disease data of all four sites.

    The data comes from Janosi, Steinbrunn, Pfisterer and Detrano (1988), UCI Machine
    Learning Repository, [DOI 10.24432/C52P4X]( https://doi.org/10.24432/C52P4X),
    license CC BY 4.0.

    The 12 columns of `HEART_DISEASE_FEATURES` are the features. `thal` is the label of
    a multi-class task (`normal`, `fixed defect`, `reversible defect`). Heart disease, a
    binary task, is `num > 0`. The column `site` is the hospital of the patient.

    Returns:
        A DataFrame of 920 rows and 15 columns, as in the file but with NaN for
        the zeros of `trestbps` (1) and `chol` (172), which mean a missing
        value.

    Example:

    >>> frame = load_heart_disease()
    >>> frame.shape
    (920, 15)
    >>> frame["site"].value_counts().to_dict()
    {'Cleveland': 303, 'Hungary': 294, 'VA Long Beach': 200, 'Switzerland': 123}
    """
    from keras_mtl.tables import read_csv

    frame = read_csv(heart_disease_path())
    for name in HEART_DISEASE_ZERO_IS_MISSING:
        frame[name] = frame[name].mask(frame[name] == 0)
    return frame
