"""The bench of tables: declarations, folds, the store, ranks and opponents."""

import importlib.util
from collections import Counter

import numpy as np
import pandas as pd
import pytest

from benchmarks.tables.__main__ import main, run_table
from benchmarks.tables.calibration import (
    CalibrationStore,
    PooledCalibration,
    mean_calibration,
    pool,
)
from benchmarks.tables.catalogue import TABLES
from benchmarks.tables.declaration import Table, Target
from benchmarks.tables.folds import fold_of_rows, folds_digest
from benchmarks.tables.markdown import markdown_table
from benchmarks.tables.opponents import _Rows
from benchmarks.tables.ours import _reorder
from benchmarks.tables.ranks import against_best, ranks, summary
from benchmarks.tables.sources import load_table
from benchmarks.tables.store import Result, ResultStore
from keras_mtl.tasks import BinaryTask, MulticlassTask

MODULES = {"scikit-learn": "sklearn", "vega-datasets": "vega_datasets"}
DIABETES = next(table for table in TABLES if table.name == "diabetes")
NAN = float("nan")


def test_half_of_the_tables_are_held_out_and_each_has_targets_of_two_kinds():
    assert len(TABLES) >= 14
    splits = Counter(table.split for table in TABLES)
    assert splits["development"] == splits["held_out"]
    assert len({table.name for table in TABLES}) == len(TABLES)
    for table in TABLES:
        assert len({target.kind for target in table.targets}) >= 2, table.name


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_table_has_its_targets_and_no_column_that_leaks(table):
    module = MODULES.get(table.package, table.package)
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{table.package} is not installed")
    frame = load_table(table)
    assert 150 <= len(frame) <= 50_000
    assert not set(table.leaks) & set(frame)
    for target in table.targets:
        values = frame[target.column].dropna()
        if target.kind == "binary":
            assert values.nunique() == 2
        elif target.kind == "multiclass":
            assert 2 < values.nunique() <= 20
        else:
            assert pd.api.types.is_numeric_dtype(values)
            assert values.nunique() > 10
    assert len(frame.columns) > len(table.targets) + 2


def test_folds_keep_groups_together_and_stay_what_they_are():
    table = Table("t", "scikit-learn", "t", "development", (Target("y", "binary"),))
    groups = np.arange(700) // 7
    folds = fold_of_rows(table, groups)
    assert (pd.Series(folds).groupby(groups).nunique() == 1).all()
    assert (np.bincount(folds) == 140).all()
    assert folds_digest(folds) == "be1ab985"


def result(fold: int, method: str, r2: float) -> Result:
    return Result("cars", fold, "mpg", method, "", 9, NAN, NAN, r2, NAN, 0.1)


def test_the_store_resumes_and_the_later_of_two_results_counts(tmp_path):
    path = tmp_path / "results.csv"
    ResultStore(path).add(result(0, "linear", 0.5))
    again = ResultStore(path)
    assert again.has("cars", 0, "mpg", "linear")
    assert not again.has("cars", 1, "mpg", "linear")
    again.add(result(0, "linear", 0.7))
    assert again.read()["r2"].tolist() == [0.7]


def test_a_second_run_fits_nothing_and_a_lost_fold_alone_is_fitted(tmp_path):
    path = tmp_path / "results.csv"
    store = ResultStore(path)
    *found, calibration = run_table(DIABETES, "linear", store)
    assert len(found) == 10
    # The one target with classes; a lost fold alone gives none.
    assert isinstance(calibration, PooledCalibration)
    assert (calibration.target, calibration.rows) == ("sex", 442)
    lost = found.pop(3)
    for each in found:
        store.add(each)
    assert [each.key for each in run_table(DIABETES, "linear", store)] == [lost.key]
    r2 = [each.r2 for each in found if each.target == "target"]
    # What a linear model of these data is known to give.
    assert 0.4 < np.mean(r2) < 0.6


def test_ranks_are_those_counted_by_hand(tmp_path):
    store = ResultStore(tmp_path / "results.csv")
    for fold in range(5):
        store.add(result(fold, "a", 0.5))
        store.add(result(fold, "b", 0.8 + 0.01 * fold))
        store.add(result(fold, "c", 0.5))
    store.add(result(0, "d", 0.99))
    results = store.read()
    assert ranks(results, ["a", "b", "c"]).iloc[0].tolist() == [2.5, 1, 2.5]
    summed = summary(results, ["a", "b"])
    assert summed["rank"].to_dict() == {"b": 1, "a": 2}
    assert summed.loc["b", ["best", "better", "worse"]].tolist() == [1, 0, 1]
    # A method without all folds has no rank beside the others.
    assert ranks(results, ["a", "d"]).empty
    best, differences = against_best(results, "cars", "mpg", ["a", "b", "c", "d"])
    assert best == "b"
    assert set(differences) == {"a", "b", "c"}
    assert differences["a"].mean == pytest.approx(-0.32)
    assert differences["a"].high < 0


def test_the_best_of_a_line_is_bold_and_half_a_measurement_is_not_shown(tmp_path):
    store = ResultStore(tmp_path / "results.csv")
    for fold in range(5):
        store.add(result(fold, "a", 0.5))
        store.add(result(fold, "b", 0.75))
    store.add(result(0, "c", 0.99))
    table = Table("cars", "", "", "development", (Target("mpg", "regression"),))
    lines = markdown_table(store.read(), [table], ["a", "b", "c"]).splitlines()
    assert lines[2] == "| cars | mpg | R2 | 0.500 | **0.750** |  |"


def test_folds_together_tell_calibrated_from_overconfident_probabilities():
    task, generator = BinaryTask("y"), np.random.default_rng(0)
    calibrated, overconfident = {}, {}
    for fold in range(5):
        probabilities = generator.uniform(size=(80, 1))
        labels = (generator.uniform(size=80) < probabilities[:, 0]).astype(float)
        labels[:3] = np.nan
        calibrated[fold] = labels, probabilities
        overconfident[fold] = labels, (probabilities > 0.5).astype(float)
    right = pool("cars", task, "a", calibrated)
    assert right.rows == 385
    assert right.error == pytest.approx(right.chance, abs=0.03)
    wrong = pool("cars", task, "a", overconfident)
    # A probability of 0 or 1 that holds for three rows of four.
    assert wrong.error == pytest.approx(0.25, abs=0.06)
    assert wrong.chance == 0


def test_mean_calibration_counts_the_targets_that_all_methods_have(tmp_path):
    store = CalibrationStore(tmp_path / "calibration.csv")
    for target, method, error in [
        ("y", "a", 0.9),
        ("y", "a", 0.1),
        ("y", "b", 0.3),
        ("z", "a", 0.9),
    ]:
        store.add(PooledCalibration("cars", target, method, 9, error, 0.05))
    means = mean_calibration(store.read(), ["b", "a"])
    assert means["error"].to_dict() == {"b": 0.3, "a": 0.1}
    assert means["chance"].to_dict() == {"b": 0.05, "a": 0.05}
    assert mean_calibration(store.read(), ["a", "c"])["error"].isna().all()


def test_the_only_row_of_a_class_trains_the_opponents():
    labels = np.array([0, 1] * 20 + [2])
    features = pd.DataFrame({"x": np.arange(41.0)})
    for seed in range(5):
        rows = _Rows(features, labels, features, True, seed)
        train, validation, y, y_validation = rows.divided()
        assert 2 in y
        assert np.bincount(y_validation).tolist() == [4, 4]
        assert sorted([*train["x"], *validation["x"]]) == features["x"].tolist()
        np.testing.assert_array_equal(labels[train["x"].astype(int)], y)


def test_classes_of_a_fit_are_brought_into_the_order_of_the_table():
    whole = MulticlassTask("y", classes=("a", "b", "c"))
    fitted = MulticlassTask("y", classes=("c", "a"))
    found = _reorder(np.array([[0.9, 0.1]], "float32"), fitted, whole)
    np.testing.assert_allclose(found, [[0.1, 0, 0.9]])
    turned = _reorder(
        np.array([[0.9]], "float32"),
        BinaryTask("y", classes=("yes", "no")),
        BinaryTask("y", classes=("no", "yes")),
    )
    np.testing.assert_allclose(turned, [[0.1]], rtol=1e-5)


def test_all_mistakes_are_named_at_once(capsys):
    assert main(["--tables", "nowhere", "--methods", "guess"]) == 2
    error = capsys.readouterr().err
    assert "'nowhere'" in error
    assert "'guess'" in error
