"""Identifiers and codes for missing are seen, and ordinary numbers are not."""

import numpy as np
import pandas as pd
import pytest

from keras_mtl.tables.suspicions import (
    date_look,
    identifier_look,
    missing_code,
    repeats_identifier,
)

GENERATOR = np.random.default_rng(0)
ROWS = 300
AMOUNTS = np.unique(GENERATOR.lognormal(11, 1, ROWS).astype(int))
AMOUNTS = AMOUNTS[GENERATOR.permutation(len(AMOUNTS))]

IDENTIFIERS = {
    "a counter": ("x", np.arange(ROWS)),
    "a counter from 1000 down": ("x", np.arange(1000, 1000 - ROWS, -1)),
    "with gaps": ("x", np.sort(GENERATOR.choice(10**6, ROWS, replace=False))),
    "shuffled": ("x", GENERATOR.permutation(ROWS)),
    "shuffled, half of them": ("x", GENERATOR.permutation(ROWS * 19 // 10)[:ROWS]),
    "phone numbers": ("x", 301_000_000 + GENERATOR.choice(10**6, ROWS, replace=False)),
    "random, by name": ("CustomerID", GENERATOR.choice(10**5, ROWS, replace=False)),
    "random": ("x", GENERATOR.choice(10**6, ROWS, replace=False)),
    "whole floats": ("id", GENERATOR.choice(10**5, ROWS, replace=False) * 1.0),
    "very large": ("id", 2**62 + GENERATOR.choice(10**6, ROWS, replace=False)),
}


@pytest.mark.parametrize("name", IDENTIFIERS)
def test_identifiers_are_seen(name):
    column, values = IDENTIFIERS[name]
    assert identifier_look(pd.Series(values), column) is not None


NUMBERS = {
    "fractions": ("id", np.arange(ROWS) + 0.5),
    "values that repeat": ("id", GENERATOR.integers(0, ROWS, ROWS)),
    "one that repeats late": ("id", [*range(2000), 0]),
    "few rows": ("id", np.arange(20)),
    "incomes": ("income", AMOUNTS),
    "measures": ("x", GENERATOR.normal(5e6, 2e6, ROWS).astype(int)),
    "a name within a name": ("idle_seconds", AMOUNTS),
    "an infinity": ("id", [*range(ROWS), np.inf]),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_other_numbers_are_not(name):
    column, values = NUMBERS[name]
    assert identifier_look(pd.Series(values), column) is None


@pytest.mark.parametrize(
    ("values", "name", "dates"),
    [
        (["2024-01-31", "1999-12-24T10:00"], "x", True),
        (["31.01.2024", "1.2.2024"], "x", True),
        (["1/31/2024"], "x", True),
        (["2024-01-31", "never"], "x", False),
        (["192.168.1.20240"], "x", False),
        ([20240131, 19991224], "x", True),
        ([20240131.0, np.inf], "x", False),
        ([20241331, 19991224], "x", False),
        ([1_706_000_000, 1_500_000_000], "created_date", True),
        ([45_000, 45_100], "VisitDate", True),
        ([45_000, 45_100], "income", False),
        ([45_000.5, 45_100], "date", False),
        ([3, 5], "date", False),
        ([], "date", False),
    ],
)
def test_dates_are_seen(values, name, dates):
    words = bool(values) and isinstance(values[0], str)
    assert date_look(values if words else pd.Series(values, dtype=float), name) == dates


def test_an_identifier_that_repeats_is_seen_by_its_name():
    values = pd.Series(np.repeat(np.arange(100), 3))
    for name in ("patient_id", "id", "userId", "ID_patient", "UUID"):
        assert repeats_identifier(values, name) == 100
    for name in ("paid", "idea", "age", "1", ""):
        assert repeats_identifier(values, name) is None
    assert repeats_identifier(pd.Series(np.arange(100)), "id") is None
    assert repeats_identifier(pd.Series([1, 2, 3] * 100), "id") is None


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ([3, 7, 6, -9, -9], (-9, 2)),
        ([0, 1, 2, -1, -1, -1], (-1, 3)),
        ([20.5, 31.0, np.nan, -999, -999], (-999, 2)),
        ([31, 45, 999, 22, 999], (999, 2)),
        ([1, 2, 99, 99], (99, 2)),
        (["3", "7", "-9", "-9", None], (-9, 2)),
        ([3, 7, 6, -9], None),
        ([3, -7, 6, -9, -9], None),
        ([-1, 1, -1, 1], None),
        ([-1, 0, 1, -1], None),
        ([95, 97, 99, 99], None),
        (["a", "-9", "-9"], None),
        ([-9, -9], None),
        ([np.nan, np.nan], None),
        ([], None),
    ],
)
def test_codes_that_may_mean_missing(values, code):
    assert missing_code(pd.Series(values, dtype=None if values else float)) == code
