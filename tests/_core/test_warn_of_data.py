"""A warning of the data stands at the user's line, not inside a library."""

import warnings
from functools import partial

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.model_selection import cross_validate

import keras_mtl as km

FRAME = pd.DataFrame({"day": ["2026-01-02", "2026-01-03"] * 9})


def test_a_warning_names_the_file_of_the_caller():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        km.infer_features(FRAME)
    assert [each.category for each in caught] == [km.DataWarning]
    assert caught[0].filename == __file__


ESTIMATOR = """
class Inferring(BaseEstimator):
    def fit(self, x, y):
        infer()
        return self

    def score(self, x, y):
        return 0.0
"""
CELL = "cross_validate(Inferring(), np.ones((4, 1)), np.ones(4), cv=2)"


def test_lines_of_scikit_learn_are_passed_over():
    package = {"__name__": "keras_mtl.stand_in", "BaseEstimator": BaseEstimator}
    package["infer"] = partial(km.infer_features, FRAME)
    exec(compile(ESTIMATOR, "stand_in.py", "exec"), package)
    notebook = {"__name__": "notebook", "cross_validate": cross_validate, "np": np}
    notebook["Inferring"] = package["Inferring"]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        exec(compile(CELL, "cell 1", "exec"), notebook)
    assert {each.filename for each in caught} == {"cell 1"}
