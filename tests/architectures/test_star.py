"""Rows of several domains have weights of their own, and share what they share."""

import keras
import numpy as np
import pandas as pd
import pytest

import keras_mtl as km
from keras_mtl.architectures import StarSettings, build_architecture, build_star
from keras_mtl.errors import UserError
from keras_mtl.features import (
    CategoricalFeature,
    NumericFeature,
    learn_features,
)

TASKS = (km.RegressionTask("a"), km.BinaryTask("b"))
COMMON = km.ArchitectureSettings(trunk=(6,), activation="tanh")
GENERATOR = np.random.default_rng(0)


def rows_of(domains, count):
    marks = np.eye(3)[domains]
    numbers = GENERATOR.normal(size=(count, 2))
    return np.hstack([numbers, marks]).astype("float32")


def build():
    keras.utils.set_random_seed(0)
    model = build_architecture("star:domain_columns=2,3,4", 5, TASKS, COMMON)
    model.set_weights([w + GENERATOR.normal(0, 0.3, w.shape) for w in model.weights])
    return model


def test_a_row_is_multiplied_by_the_shared_weights_times_its_domains():
    model = build()
    domains = GENERATOR.integers(0, 3, 20)
    inputs = rows_of(domains, 20)
    layer = model.get_layer("trunk_1")
    hidden = np.stack(
        [
            np.tanh(
                row @ (layer.kernel.numpy() * layer.domain_factors.numpy()[domain])
                + layer.bias.numpy()
                + layer.domain_biases.numpy()[domain]
            )
            for row, domain in zip(inputs, domains, strict=True)
        ]
    )
    kernel, bias = (each.numpy() for each in model.get_layer("a").weights)
    np.testing.assert_allclose(model(inputs)["a"], hidden @ kernel + bias, atol=1e-5)


def test_a_row_of_no_known_domain_gets_the_mean_over_the_domains():
    layer = build().get_layer("trunk_1")
    row = np.ones((1, 5), "float32")
    each = [layer([row, np.eye(3, dtype="float32")[[d]]]) for d in range(3)]
    unknown = layer([row, np.full((1, 3), 1 / 3, "float32")])
    np.testing.assert_allclose(unknown, np.mean(each, axis=0), atol=1e-5)


def test_domains_learn_apart_what_is_opposed_in_them():
    domains = np.arange(300) % 2
    inputs = rows_of(domains, 300)
    labels = {"a": inputs[:, 0] * np.where(domains, 1, -1)}
    errors = {}
    for name in ("star:domain_columns=2,3", "hard-sharing"):
        keras.utils.set_random_seed(0)
        common = COMMON.replace(trunk=(2,), activation="linear")
        model = build_architecture(name, 5, TASKS[:1], common)
        model.compile(keras.optimizers.Adam(0.02), jit_compile=False)
        model.fit(inputs, labels, epochs=40, verbose=0)
        errors[name] = float(np.mean((model(inputs)["a"][:, 0] - labels["a"]) ** 2))
    # No linear network does so without a factor for each domain.
    assert errors["star:domain_columns=2,3"] < 0.1 < 0.8 < errors["hard-sharing"]


def test_the_domain_is_a_feature_by_its_name():
    frame = pd.DataFrame({"age": [1.0, 2.0, 4.0], "site": ["u", "v", "u"]})
    features = learn_features(
        [NumericFeature("age"), CategoricalFeature("site", minimum_count=1)], frame
    )
    model = build_star(features, TASKS, StarSettings(domain="site", trunk=(4,)))
    core = model.get_layer("star_core")
    columns = core.get_layer("domains").columns
    names = [name for feature in features for name in feature.encoded_names]
    assert [names[column] for column in columns] == list(features[1].encoded_names)
    with pytest.raises(UserError, match="Did you mean 'site'"):
        build_star(features, TASKS, StarSettings(domain="sit"))


@pytest.mark.parametrize(
    ("settings", "message"),
    [("domain=site", "or domain_columns"), ("domain_columns=4,7", "below 5")],
)
def test_a_domain_that_is_not_there_is_refused(settings, message):
    with pytest.raises(UserError, match=message):
        build_architecture(f"star:{settings}", 5, TASKS)
