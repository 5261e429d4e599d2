"""Runs of rows of one person are seen, and other tables are not mistaken for them."""

import numpy as np
import pandas as pd
import pytest

from keras_mtl import load_heart_disease
from keras_mtl.tables.column_store import ColumnStore
from keras_mtl.tables.repeated_records import MOST_ROWS, repeated_records

PERSONS, YEARS = 80, 5


def panel(persons=PERSONS, years=YEARS, change=0.0, seed=0):
    """Years of persons: seven answers stay but for a share, and two columns change."""
    generator = np.random.default_rng(seed)
    answers = generator.integers(0, 4, (persons, 7)).repeat(years, axis=0)
    changed = generator.random(answers.shape) < change
    answers = np.where(changed, generator.integers(0, 4, answers.shape), answers)
    frame = pd.DataFrame(answers, columns=[*"abcdefg"])
    frame["b"] = frame["b"].map(str)
    return frame.assign(
        year=np.tile(np.arange(years), persons),
        wage=generator.normal(size=persons * years),
    )


def look(frame):
    return repeated_records(frame, frame.columns)


@pytest.mark.parametrize("change", [0.0, 0.05])
def test_the_years_of_persons_are_runs(change):
    frame = panel(change=change)
    found = look(frame)
    assert found.neighbors > 0.6 > 0.2 > found.at_random
    runs = found.number_runs(frame)
    persons = np.arange(len(frame)) // YEARS
    together = runs[1:] == runs[:-1]
    assert np.mean(together == (persons[1:] == persons[:-1])) > 0.93


def test_missing_cells_are_equal():
    frame = panel()
    gone = frame.assign(
        **{name: frame[name].where(frame[name] != 2) for name in "acde"}
    )
    assert gone["a"].isna().any()
    np.testing.assert_array_equal(
        look(gone).number_runs(gone), look(frame).number_runs(frame)
    )


def test_all_rows_are_numbered_though_the_first_are_read():
    frame = panel(persons=MOST_ROWS // 4, years=5)
    runs = look(frame).number_runs(frame)
    assert len(runs) == len(frame) > MOST_ROWS
    assert runs[-1] == pytest.approx(len(frame) / 5, rel=0.05)


def test_rows_by_column_are_read_alike():
    frame = panel().drop(columns="b")
    store = ColumnStore({name: frame[name].to_numpy() for name in frame})
    assert repeated_records(store, store.columns) == look(frame)


def sorted_by_all(frame):
    return frame.sort_values(list(frame.columns))


OTHERS = {
    "rows in another order": panel().sample(frac=1, random_state=1),
    "few rows": panel(persons=30),
    "few columns": panel()[["a", "b", "c", "year"]],
    "independent rows": panel(persons=400, years=1),
    "persons that change most answers": panel(change=0.5),
    "one run": panel(persons=2, years=200),
    "a design sorted by its factors": sorted_by_all(
        pd.DataFrame(np.indices((3, 3, 3, 3, 4)).reshape(5, -1).T, columns=[*"abcde"])
    ),
    "columns that are nearly constant": panel(persons=400, years=1).assign(
        a=0, b=0, c=1, d=np.arange(400) == 7, e=2, f=2
    ),
    "the heart data": load_heart_disease(),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_tables_are_not_taken_for_a_panel(name):
    assert look(OTHERS[name]) is None
