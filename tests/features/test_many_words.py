"""Columns of many words: which are features, and what becomes of their words."""

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import keras_mtl as km
from keras_mtl.architectures import build_architecture
from keras_mtl.configuration import InputSettings, build_config
from keras_mtl.errors import DataWarning, UserError
from keras_mtl.features import (
    CategoricalFeature,
    HashedFeature,
    build_encoder,
    deserialize_feature,
    encode_frame,
    infer_features,
    learn_features,
    serialize_feature,
)
from keras_mtl.runs import prepare_data
from keras_mtl.serving import load_model


def words(count, rows, seed=0):
    drawn = np.random.default_rng(seed).integers(0, count, rows)
    return pd.DataFrame({"city": [f"city {number}" for number in drawn]})


@pytest.mark.parametrize(
    ("count", "rows", "kind"),
    [
        # As many words as a fifth of the rows, or fewer, were features before.
        (60, 1000, "categorical"),
        (200, 700, "categorical"),
        (12_000, 60_000, "hashed"),
        (50_000, 100_000, "hashed"),
    ],
)
def test_a_column_whose_words_repeat_is_a_feature(count, rows, kind):
    (feature,) = infer_features(words(count, rows))
    assert feature.kind == kind


@pytest.mark.parametrize("count", [2000, 10**6])
def test_a_column_of_texts_that_do_not_repeat_is_left_out(count):
    with pytest.warns(DataWarning, match="looks like an identifier or free text"):
        assert infer_features(words(count, 1500)) == ()


@pytest.mark.parametrize(
    ("settings", "encoding"),
    [
        ({}, "embedding"),
        ({"embed_above": 150}, "one_hot"),
        ({"embed_above": 0}, "one_hot"),
        ({"encoding": "ordinal"}, "ordinal"),
    ],
)
def test_words_are_embedded_above_a_number_that_can_be_set(settings, encoding):
    frame = words(120, 2000)
    feature = CategoricalFeature("city").with_defaults(InputSettings(**settings))
    resolved = feature.resolve(frame["city"])
    assert resolved.encoding == encoding
    if encoding == "embedding":
        # It stays without one, whatever column it is resolved by next.
        fixed = resolved.without_embedding().resolve(frame["city"])
        assert fixed.trained_embedding is None


def test_an_index_tells_words_from_each_other_from_rare_and_from_missing():
    frame = pd.DataFrame({"city": ["b", "b", "a", "a", "rare", None]})
    feature = CategoricalFeature("city", encoding="embedding")
    (learned,) = learn_features([feature], frame)
    assert learned.trained_embedding.indices == 4
    encoded = build_encoder([learned])({"city": tf.constant([*"ab", "rare", "", "?"])})
    assert encoded.numpy().ravel().tolist() == [2, 3, 1, 0, 0]


def test_a_hash_is_an_index_of_its_word_alone_and_keeps_no_vocabulary():
    frame = words(5000, 3000)
    (learned,) = learn_features([HashedFeature("city", buckets=512)], frame)
    encoded = encode_frame(build_encoder([learned]), [learned], frame)[:, 0]
    assert len(str(serialize_feature(learned))) < 200
    assert deserialize_feature(serialize_feature(learned)) == learned
    used = np.unique(encoded)
    assert used.min() >= 1
    assert used.max() <= 512 < learned.trained_embedding.indices
    assert len(used) > 480
    by_word = pd.Series(encoded).groupby(frame["city"]).nunique()
    assert (by_word == 1).all()


@pytest.mark.parametrize(
    ("count", "buckets"), [(1, 1), (3, 4), (4, 4), (5, 8), (70_000, 2**16)]
)
def test_there_are_as_many_buckets_as_words_up_to_a_limit(count, buckets):
    values = pd.Series([*map(str, range(count)), None])
    feature = HashedFeature("city")
    assert feature.resolve(values).buckets == buckets == feature.learn(values).buckets
    assert HashedFeature("city", buckets=7).resolve(values).buckets == 7


def test_models_without_trained_layers_have_the_frequent_words_one_hot():
    frame = words(300, 3000)
    for feature in (
        HashedFeature("city"),
        CategoricalFeature("city", encoding="embedding"),
    ):
        fixed = feature.without_embedding()
        (learned,) = learn_features([fixed], frame)
        assert fixed.trained_embedding is None
        assert len(learned.encoded_names) == 100


@pytest.fixture(scope="module")
def shops(tmp_path_factory):
    """Rows whose label depends on the shop, one of 150, and on nothing else."""
    generator = np.random.default_rng(0)
    shop = generator.integers(0, 150, 2400)
    good = generator.integers(0, 2, 150)
    frame = pd.DataFrame({"shop": [f"s{number}" for number in shop]})
    frame["size"] = generator.normal(size=len(shop)).round(3)
    frame["sold"] = np.where(generator.random(len(shop)) < 0.1, 1, 0) ^ good[shop]
    path = tmp_path_factory.mktemp("shops") / "shops.csv"
    frame.to_csv(path, index=False)
    return path


def prepared(path, **settings):
    tasks = [{"kind": "binary", "name": "sold"}]
    return prepare_data(
        build_config({"data": {"path": str(path)}, "tasks": tasks, **settings})
    )


def test_solved_architectures_get_columns_and_refuse_declared_embeddings(shops):
    features = prepared(shops).features
    assert features[0].encoding == "embedding"
    linear = {"model": {"architecture": "independent"}}
    features = prepared(shops, **linear).features
    assert features[0].trained_embedding is None
    declared = [{"kind": "hashed", "name": "shop"}]
    with pytest.raises(UserError, match="expected 'shop' without an embedding"):
        prepared(shops, features=declared, **linear)


def test_a_domain_needs_columns_of_its_own(shops):
    frame = pd.read_csv(shops)
    features = learn_features(
        [CategoricalFeature("shop", encoding="embedding")], frame[["shop"]]
    )
    with pytest.raises(UserError, match="embed_above=0"):
        build_architecture(
            "star:domain=shop", 1, [km.BinaryTask("sold")], None, features
        )


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("categorical:encoding=embedding", marks=pytest.mark.slow),
        "hashed",
    ],
)
def test_the_command_learns_of_each_word_and_serves_raw_ones(
    kind, shops, tmp_path, run_python
):
    name, _, setting = kind.partition(":")
    feature = f"shop:{name}" + (f":{setting}" if setting else "")
    done = run_python(
        "-m",
        "keras_mtl.fit",
        "--data",
        str(shops),
        "--task",
        "sold:binary",
        "--feature",
        feature,
        *("--members", "1", "--epochs", "12", "--learning-rate", "0.01"),
        *("--importance-repeats", "0", "--out", "run", "--quiet"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    model = load_model(tmp_path / "run" / "model.keras")
    frame = pd.read_csv(shops)
    raw = {
        "shop": tf.constant([*frame["shop"][:500], "never seen", ""]),
        "size": tf.constant([*frame["size"][:500], 0.0, 0.0], tf.float32),
    }
    found = model(raw)["sold"].numpy()[:, 0]
    assert np.isfinite(found).all()
    right = (found[:500] > 0.5) == frame["sold"][:500]
    assert right.mean() > 0.7
    bundle = tf.saved_model.load(
        str(next((tmp_path / "run" / "serving").rglob("saved_model.pb")).parent)
    )
    served = bundle.signatures["serving_default"](**raw)
    assert any(
        np.allclose(np.ravel(values), found, atol=1e-5)
        for values in served.values()
        if values.dtype == tf.float32 and np.size(values) == len(found)
    )
