"""Networks of folds whose layers depend on what each fold's rows teach."""

import numpy as np
import pytest

from keras_mtl.comparison import ComparisonSettings
from keras_mtl.comparison.candidates import choose_candidates
from keras_mtl.comparison.encoding import FoldEncoder
from keras_mtl.comparison.folds import make_folds
from keras_mtl.comparison.networks import build_candidate, train_networks
from keras_mtl.configuration import build_config
from keras_mtl.runs import prepare_data


@pytest.mark.slow
def test_each_fold_has_the_quantiles_of_its_own_rows(settings):
    inputs = {"numeric_embedding": "ple"}
    data = prepare_data(build_config({**settings, "inputs": inputs}))
    comparison = ComparisonSettings(folds=3, repeats=1, members=1)
    candidate = choose_candidates(data.config, comparison, len(data.rows))[0]
    folds, encode = make_folds(data, comparison), FoldEncoder(data)
    fits = train_networks(candidate, data.tasks, folds, data, encode)
    assert not any(fit.failure for fit in fits)
    edges = []
    for fold, fit in zip(folds, fits, strict=True):
        assert np.isfinite(fit.outputs["cost"]).all()
        features = encode.learned(candidate.config.features, fold)
        width = encode(candidate.config.features, fold).shape[1]
        tasks = [task.learn(data.labels[task.name]) for task in data.tasks]
        model = build_candidate(candidate, tasks, width, features)
        assert model.count_params() == fit.parameters
        edges.append(model.get_layer("inputs.piecewise").edges[0])
    assert edges[0] != edges[1]
