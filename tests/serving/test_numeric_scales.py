"""Numbers on any scale, in and out, are served as the model answers them."""

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import keras_mtl as km
from keras_mtl.features import learn_features
from keras_mtl.serving import write_saved_model


@pytest.mark.slow
def test_raw_numbers_are_answered_in_the_unit_of_the_labels(tmp_path):
    generator = np.random.default_rng(0)
    frame = pd.DataFrame(
        np.exp(generator.normal(size=(200, 3))), columns=["area", "rooms", "garden"]
    )
    frame.loc[::9, "rooms"] = np.nan
    encodings = ("standard", "robust", "quantile")
    features = learn_features(
        [
            km.NumericFeature(name, encoding=encoding)
            for name, encoding in zip(frame, encodings, strict=True)
        ],
        frame,
    )
    labels = frame["area"].to_numpy("float32")
    tasks = [
        km.RegressionTask("price", transform="log", clip=True).learn(labels),
        km.RegressionTask("rent", transform="quantile").learn(labels),
    ]
    tasks = [task.replace(set_coverage=0.9, set_quantile=0.5) for task in tasks]
    encoder = km.build_encoder(features)
    members = []
    for seed in range(2):
        keras.utils.set_random_seed(seed)
        members.append(km.build_hard_sharing(encoder.output_shape[-1], tasks))
    model = km.join_encoder(encoder, km.average_members(members), features)
    write_saved_model(model, tmp_path / "houses" / "1")
    served = tf.saved_model.load(str(tmp_path / "houses" / "1"))
    rows = {
        "area": tf.constant([1.0, np.nan, 1e30, 0.2]),
        "rooms": tf.constant([np.nan, 2.0, -np.inf, 0.0]),
        "garden": tf.constant([3.0, -5.0, np.inf, np.nan]),
    }
    answers = served.signatures["serving_default"](**rows)
    outputs = model(rows, training=False)
    for task in tasks:
        values = np.asarray(outputs[task.name])
        np.testing.assert_allclose(answers[task.name], values[:, 0], rtol=1e-5)
        for name, edges in task.decode_sets(values).items():
            np.testing.assert_allclose(answers[name], edges, rtol=1e-3)
    price = np.asarray(answers["price"])
    assert price.min() > 0.999 * labels.min()
    assert price.max() < 1.001 * labels.max()
