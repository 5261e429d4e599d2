"""The embedded data is what its datasheet says."""

import re
from pathlib import Path

import pandas as pd
import pytest

from keras_mtl.datasets import (
    HEART_DISEASE_FEATURES,
    data_file,
    heart_disease_path,
    load_heart_disease,
)
from keras_mtl.datasets import data_files as data_files_module
from keras_mtl.tables import read_csv


@pytest.fixture(scope="module")
def raw() -> pd.DataFrame:
    return read_csv(heart_disease_path())


@pytest.fixture(scope="module")
def sheet() -> str:
    return heart_disease_path().with_suffix(".md").read_text(encoding="utf-8")


def table(sheet: str, first: str) -> list[list[str]]:
    """The rows of the table whose header begins with `first`."""
    lines = sheet.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| {first} |"))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip().strip("`") for cell in line.strip("|").split("|")])
    return rows


def test_reads_without_a_warning_and_in_shape(raw):
    assert raw.shape == (920, 15)
    assert tuple(raw.columns) == ("site", *HEART_DISEASE_FEATURES, "thal", "num")
    assert raw["age"].dtype == "int64"
    assert raw["chol"].dtype == "float64"
    assert set(raw["fbs"].dropna()) == {"true", "false"}


def test_sheet_describes_every_column_in_order(raw, sheet):
    assert [row[0] for row in table(sheet, "column")] == list(raw.columns)


def test_sheet_counts_of_missing_values_and_zeros(raw, sheet):
    for name, _, _, missing, zeros in table(sheet, "column"):
        assert int(missing) == raw[name].isna().sum(), name
        if zeros:
            assert int(zeros) == (raw[name] == 0).sum(), name


def test_sheet_counts_of_categories(raw, sheet):
    for name, _, values, _, _ in table(sheet, "column"):
        told = re.findall(r"([^,()]+) \((\d+)\)", values)
        if not told:
            continue
        column = raw[name].dropna()
        if pd.api.types.is_numeric_dtype(column):
            column = column.astype(int)
        found = column.astype(str).value_counts().to_dict()
        assert {value.strip(): int(count) for value, count in told} == found, name


def test_sheet_counts_of_sites(raw, sheet):
    for site, rows, disease, thal in table(sheet, "site"):
        part = raw if site == "all" else raw[raw["site"] == site]
        counts = [len(part), (part["num"] > 0).sum(), part["thal"].notna().sum()]
        assert [int(rows), int(disease), int(thal)] == counts, site


def test_sheet_counts_in_the_text(raw, sheet):
    text = " ".join(sheet.split())
    swiss = raw[raw["site"] == "Switzerland"]
    hungary = raw[raw["site"] == "Hungary"]
    veterans = raw[raw["site"] == "VA Long Beach"]
    assert "28 to 77" in text
    assert (raw["age"].min(), raw["age"].max()) == (28, 77)
    assert "-2.6 to 6.2" in text
    assert (raw["oldpeak"].min(), raw["oldpeak"].max()) == (-2.6, 6.2)
    assert "below 0 in 12 rows" in text
    assert (raw["oldpeak"] < 0).sum() == 12
    assert "0 in all 123 rows of Switzerland and in 49 of VA Long Beach" in text
    assert (swiss["chol"] == 0).sum() == len(swiss) == 123
    assert (veterans["chol"] == 0).sum() == 49
    assert "291 of Hungary's 294 rows have no `ca`" in text
    assert (hungary["ca"].isna().sum(), len(hungary)) == (291, 294)
    assert "115 of Switzerland's 123 patients" in text
    assert (swiss["num"] > 0).sum() == 115


def test_two_pairs_of_rows_are_identical_each_at_one_site(raw):
    twins = raw[raw.duplicated(keep=False)]
    assert len(twins) == 4
    assert sorted(twins["site"]) == ["Hungary", "Hungary", *["VA Long Beach"] * 2]
    features = list(HEART_DISEASE_FEATURES)
    assert raw.duplicated(features, keep=False).sum() == 4


def test_corrections_were_made(raw):
    assert list(raw.loc[raw["age"] == 28, "site"]) == ["Hungary"]
    assert "reversable" not in heart_disease_path().read_text(encoding="utf-8")
    assert "thalch" not in raw.columns


def test_loader_changes_nothing_but_the_zeros(raw):
    frame = load_heart_disease()
    assert (frame["chol"].isna().sum(), frame["trestbps"].isna().sum()) == (202, 60)
    expected = raw.copy()
    expected["chol"] = expected["chol"].replace(0, float("nan"))
    expected["trestbps"] = expected["trestbps"].replace(0, float("nan"))
    pd.testing.assert_frame_equal(frame, expected)
    assert frame.attrs["lines"][920] == 921


def test_the_package_comes_before_the_checkout(tmp_path, monkeypatch):
    package = tmp_path / "keras_mtl"
    for folder in (package / "data", tmp_path / "data"):
        folder.mkdir(parents=True)
        (folder / "a.csv").write_text("a\n1\n")
    (tmp_path / "data" / "b.csv").write_text("b\n1\n")
    monkeypatch.setattr(data_files_module, "PACKAGE", Path(package))
    assert data_file("a.csv") == package / "data" / "a.csv"
    assert data_file("b.csv") == tmp_path / "data" / "b.csv"
    with pytest.raises(FileNotFoundError, match="Install keras_mtl again"):
        data_file("c.csv")
