"""A version's folder, asked where Keras cannot be imported."""

import json
import math
import stat

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import keras_mtl as km
from keras_mtl.features import feature_arrays, feature_tensors
from keras_mtl.serving import write_saved_model
from keras_mtl.serving.network import build_network
from keras_mtl.serving.shared_representation import shared_representation
from keras_mtl.serving.signatures import TASKS_WITH_SIGNATURES, build_signatures

pytestmark = pytest.mark.xdist_group("serving")

NAMES = ["lambda", "Chol", "chol", "def", "return", "outputs", "ca"]
ROW = {
    "lambda": 63,
    "Chol": 233.0,
    "chol": 2.3,
    "def": "male",
    "return": "normal",
    "outputs": "false",
    "ca": "0",
}
MISSING = {
    name: float("nan") if name in {"lambda", "Chol", "chol"} else "" for name in NAMES
}
CLASSIFICATION = ("thal", "heart", "finding")


def answer_by_keras(model, rows):
    """What `predict` answers to a CSV file of the same rows."""
    import pandas as pd

    columns = {
        feature.column_name: [row[feature.name] for row in rows]
        for feature in model.features
    }
    frame = pd.DataFrame(columns).replace({"": None, "?": None})
    outputs = model(feature_tensors(feature_arrays(model.features, frame)))
    answers = {task.name: np.asarray(outputs[task.name]) for task in model.tasks}
    words = {
        f"{task.name}_class": task.decode(answers[task.name])[f"{task.name}_class"]
        for task in model.tasks
        if task.name in CLASSIFICATION
    }
    return answers, words


def assert_answers(model, rows, predictions):
    expected, words = answer_by_keras(model, rows)
    for task in model.tasks:
        values = np.asarray([row[task.name] for row in predictions])
        scale = max(1.0, np.abs(expected[task.name]).max())
        assert np.isfinite(values).all()
        np.testing.assert_allclose(
            values.reshape(len(rows), -1),
            expected[task.name].reshape(len(rows), -1),
            rtol=0,
            atol=1e-6 * scale,
        )
    for name, column in words.items():
        assert [row[name] for row in predictions] == column.tolist()


def test_signatures_take_rows_of_any_number_by_their_own_names(server):
    described = server.ask("describe")
    floats, texts = ["float32", [-1]], ["string", [-1]]
    raw = {
        name: floats if name in {"lambda", "Chol", "chol"} else texts for name in NAMES
    }
    assert described["serving_default"] == {
        "method": "tensorflow/serving/predict",
        "inputs": raw,
        "outputs": [
            "finding",
            "finding_class",
            "heart",
            "heart_class",
            "thal",
            "thal_class",
            "years",
        ],
    }
    assert described["features"]["inputs"] == raw
    for task in CLASSIFICATION:
        assert described[f"classify_{task}"] == {
            "method": "tensorflow/serving/classify",
            "inputs": {"inputs": texts},
            "outputs": ["classes", "scores"],
        }
    assert described["regress_years"] == {
        "method": "tensorflow/serving/regress",
        "inputs": {"inputs": texts},
        "outputs": ["outputs"],
    }
    assert len(described) == 6


def test_row_form_answers_as_keras(server, model):
    rows = [ROW, MISSING, {**ROW, "def": "never seen", "lambda": 1e30}]
    predictions = server.predict(rows)
    assert_answers(model, rows, predictions)
    assert isinstance(predictions[0]["heart"], float)
    assert len(predictions[0]["thal"]) == 3


def test_column_form_answers_as_rows(server):
    rows = [ROW, MISSING, {**ROW, "lambda": 20}]
    columns = {name: [row[name] for row in rows] for name in NAMES}
    outputs = server.ask("predict", inputs=columns)["outputs"]
    predictions = server.predict(rows)
    for name, values in outputs.items():
        assert values == [row[name] for row in predictions]


def test_one_value_in_a_list_is_the_value(server):
    bracketed = [{name: [value] for name, value in ROW.items()}] * 3
    assert server.predict(bracketed) == server.predict([ROW] * 3)


@pytest.mark.parametrize(
    "row", [{**ROW, "lambda": None}, {**ROW, "lambda": "63"}, {**ROW, "def": True}]
)
def test_the_servers_own_refusals_are_told_not_crashes(server, row):
    assert "error" in server.ask("predict", instances=[row])


def test_words_that_mean_missing_in_a_file_mean_it_in_a_request(server):
    asked = [{**ROW, "def": word} for word in ("", "?", "NA", " ", " nan\n")]
    answers = server.predict(asked)
    assert all(answer == answers[0] for answer in answers)
    spaced = server.predict([{**ROW, "def": "\xa0male "}])
    assert spaced == server.predict([ROW])


def test_a_class_called_like_a_missing_value_is_a_class(server):
    known, missing = server.predict([{**ROW, "return": word} for word in ("NA", "")])
    assert known != missing


def test_sentinel_is_missing(server):
    zero, nan = server.predict([{**ROW, "Chol": value} for value in (0, math.nan)])
    assert zero == nan


NUMBERS = st.one_of(
    st.floats(width=32),
    st.integers(-(2**53), 2**53),
    st.sampled_from([0, -1, 3.4e38, -3.4e38, 1e-40, math.nan, math.inf, -math.inf]),
)
WORDS = st.one_of(
    st.sampled_from(
        ["male", "female", "normal", "NA", "?", "", "true", "No", "0", "3"]
    ),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=8),
)
ROWS = st.fixed_dictionaries(
    {name: NUMBERS if name in {"lambda", "Chol", "chol"} else WORDS for name in NAMES}
)


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rows=st.lists(ROWS, min_size=1, max_size=6))
def test_any_row_is_answered_as_by_predict(server, model, rows):
    answerable = [
        # In a file, the words that mean missing do so in every column.
        {**row, "return": "normal" if row["return"].strip() == "NA" else row["return"]}
        for row in rows
    ]
    read = [
        {
            name: "" if isinstance(value, str) and _is_missing(value) else value
            for name, value in row.items()
        }
        for row in answerable
    ]
    assert_answers(model, read, server.predict(answerable))


def _is_missing(word):
    from keras_mtl.tables import MISSING_VALUES

    return word.strip() in MISSING_VALUES


def test_classify_answers_as_predict(server):
    rows = [ROW, MISSING]
    predictions = server.predict(rows)
    examples = [ROW, {}]
    thal = server.ask("classify", signature_name="classify_thal", examples=examples)
    for result, prediction in zip(thal["results"], predictions, strict=True):
        assert [word for word, _ in result] == [
            "fixed defect",
            "normal",
            "reversible defect",
        ]
        assert [score for _, score in result] == pytest.approx(prediction["thal"])
    heart = server.ask("classify", signature_name="classify_heart", examples=examples)
    for result, prediction in zip(heart["results"], predictions, strict=True):
        assert result[0] == ["no", pytest.approx(1 - prediction["heart"], abs=1e-6)]
        assert result[1] == ["yes", pytest.approx(prediction["heart"])]


def test_regress_answers_as_predict(server):
    answers = server.ask("regress", signature_name="regress_years", examples=[ROW, {}])
    predictions = server.predict([ROW, MISSING])
    assert answers["results"] == pytest.approx([row["years"] for row in predictions])


@pytest.mark.parametrize("name", NAMES)
def test_an_example_may_leave_any_feature_out(server, name):
    part = {key: value for key, value in ROW.items() if key != name}
    answers = server.ask("regress", signature_name="regress_years", examples=[part])
    missing = server.predict([{**ROW, name: MISSING[name]}])
    assert answers["results"] == pytest.approx([missing[0]["years"]])


def test_an_example_may_hold_a_value_in_another_type(server):
    same = [
        {"lambda": 63, "ca": "1"},
        {"lambda": 63.0, "ca": 1},
        {"lambda": "63", "ca": 1.0},
        {"lambda": " 63.0", "ca": True},
    ]
    answers = server.ask("regress", signature_name="regress_years", examples=same)
    assert len(set(answers["results"])) == 1
    unreadable = [{"lambda": "old"}, {"lambda": math.nan}, {}]
    answers = server.ask("regress", signature_name="regress_years", examples=unreadable)
    assert len(set(answers["results"])) == 1


def test_features_are_the_trunks_output(server, model):
    features = server.predict([ROW, MISSING], signature_name="features")
    assert np.shape(features) == (2, 16)
    assert np.min(features) >= 0, "the trunk ends in relu"


def test_metadata_say_what_the_model_was_trained_on(version):
    metadata = json.loads((version / "assets.extra" / "metadata.json").read_text())
    assert metadata["name"] == "heart_disease"
    features = {feature["name"]: feature for feature in metadata["features"]}
    assert features["lambda"]["column"] == "age"
    assert features["lambda"]["range"] == [28.0, 77.0]
    assert features["def"]["vocabulary"] == ["female", "male"]
    assert features["Chol"]["missing"] == ["NaN", 0.0]
    tasks = {task["name"]: task for task in metadata["tasks"]}
    assert tasks["heart"]["classes"] == ["no", "yes"]
    assert tasks["heart"]["threshold"] == 0.4
    assert tasks["thal"]["classes"][0] == "fixed defect"
    assert metadata["versions"]["keras"] == keras.__version__
    assert metadata["details"]["metrics"]["test"]["heart"]["auc"] is None
    card = (version / "assets.extra" / "model_card.md").read_text()
    assert "| lambda | age | float32 | 28 to 77 | NaN |" in card


def test_folder_has_what_the_server_reads_and_no_partial_one(version):
    assert [child.name for child in version.parent.iterdir()] == ["1"]
    assert (version / "saved_model.pb").stat().st_size < 2**20
    assert (version / "variables" / "variables.index").is_file()


def test_the_umask_decides_who_reads_and_writes_the_folder(version):
    for path in [version, *version.rglob("*")]:
        expected = 0o775 if path.is_dir() else 0o664
        assert (path.name, stat.S_IMODE(path.stat().st_mode)) == (path.name, expected)


def test_an_existing_folder_is_refused(model, version):
    with pytest.raises(FileExistsError, match="does not exist yet"):
        write_saved_model(model, version)


def test_a_model_of_an_encoded_matrix_is_refused(tmp_path):
    core = km.build_hard_sharing(3, [km.BinaryTask("heart")])
    with pytest.raises(km.UserError, match="join_encoder"):
        write_saved_model(core, tmp_path / "m" / "1")


def test_a_diverged_model_is_refused_and_leaves_nothing(tmp_path):
    features = [km.NumericFeature("age", missing_share=0.0)]
    model = km.build_hard_sharing(features, [km.BinaryTask("heart")], trunk=(2,))
    model.set_weights([np.full_like(weight, np.nan) for weight in model.get_weights()])
    with pytest.raises(km.UserError, match="finite"):
        write_saved_model(model, tmp_path / "m" / "1")
    assert list((tmp_path / "m").iterdir()) == []


@pytest.mark.parametrize("name", ["a[b]", "a*b?", "a\\b", "größe"])
def test_any_path_is_written_to(tmp_path, name):
    features = [km.NumericFeature("age", missing_share=0.0)]
    model = km.build_hard_sharing(features, [km.BinaryTask("heart")], trunk=(2,))
    path = tmp_path / name / "m" / "1"
    write_saved_model(model, path)
    assert (path / "saved_model.pb").is_file()
    assert (path / "variables" / "variables.index").is_file()
    assert [child.name for child in path.parent.iterdir()] == ["1"]


def test_python_loads_it_with_the_features_as_keywords(version, model):
    metadata = json.loads((version / "assets.extra" / "metadata.json").read_text())
    inputs = metadata["signatures"]["serving_default"]["inputs"]
    keywords = {name: each["keyword"] for name, each in inputs.items()}
    assert keywords == {
        **{name: name for name in NAMES},
        "lambda": "lambda_",
        "def": "def_",
        "return": "return_",
        "chol": "chol_2",
    }
    signature = tf.saved_model.load(str(version)).signatures["serving_default"]
    rows = {name: tf.constant([ROW[name]]) for name in NAMES}
    rows |= {name: tf.cast(rows[name], "float32") for name in ("lambda", "Chol")}
    answers = signature(**{keywords[name]: value for name, value in rows.items()})
    expected, _ = answer_by_keras(model, [ROW])
    for task in model.tasks:
        np.testing.assert_allclose(
            np.reshape(answers[task.name], (1, -1)),
            np.reshape(expected[task.name], (1, -1)),
            rtol=1e-5,
        )


@pytest.mark.parametrize("endpoint", ["serve", "serving_default"])
def test_keras_loads_it_as_a_layer_of_raw_features(version, endpoint, server):
    layer = keras.layers.TFSMLayer(str(version), call_endpoint=endpoint)
    rows = {
        name: tf.constant([value], "string" if isinstance(value, str) else "float32")
        for name, value in ROW.items()
    }
    flat = layer(rows)
    bracketed = layer({name: value[:, None] for name, value in rows.items()})
    (prediction,) = server.predict([ROW])
    for answers in (flat, bracketed):
        assert float(answers["heart"][0]) == pytest.approx(prediction["heart"])
        assert answers["thal_class"][0].numpy().decode() == prediction["thal_class"]
    columns = {
        name: keras.Input((1,), name=name, dtype=rows[name].dtype.name)
        for name in NAMES
    }
    assert keras.Model(columns, layer(columns)).output["heart"].shape == (None,)


def test_members_are_stacked_and_answer_as_their_average(tmp_path, frame):
    members = []
    for seed in range(3):
        keras.utils.set_random_seed(seed)
        tasks = [km.BinaryTask("heart", widths=(4,)), km.RegressionTask("age")]
        members.append(
            km.build_hard_sharing(2, tasks, trunk=(4,), dropout=0.3, batch_norm=True)
        )
    features = [
        km.NumericFeature("chol", missing_share=0.0),
        km.NumericFeature("ca", missing_share=0.0),
    ]
    core = km.average_members(members)
    model = km.join_encoder(km.build_encoder(features), core, features)
    network = build_network(model)
    # One variable for each of a member's, and not one for each of all members'.
    kernels = [each for each in network.variables if each.shape[-2:] == (2, 4)]
    assert [tuple(each.shape) for each in kernels] == [(3, 2, 4)]
    rows = {"chol": tf.constant([1.0, -3.0]), "ca": tf.constant([0.5, 2.0])}
    for name, values in model(rows, training=False).items():
        np.testing.assert_allclose(network.predict(rows)[name], values, rtol=1e-5)
    np.testing.assert_allclose(
        network.represent(rows), shared_representation(model).model(rows), rtol=1e-5
    )
    # The check within compares them, too.
    write_saved_model(model, tmp_path / "m" / "1")


def test_members_of_unlike_architectures_are_served_as_they_are(tmp_path):
    tasks = [km.BinaryTask("heart")]
    members = [km.build_hard_sharing(1, tasks, trunk=(width,)) for width in (3, 4)]
    features = [km.NumericFeature("age", missing_share=0.0)]
    model = km.join_encoder(
        km.build_encoder(features), km.average_members(members), features
    )
    write_saved_model(model, tmp_path / "m" / "1")
    network = build_network(model)
    rows = {"age": tf.constant([1.0])}
    np.testing.assert_array_equal(network.predict(rows)["heart"], model(rows)["heart"])


def test_many_tasks_have_the_joint_signature_alone():
    tasks = [km.BinaryTask(f"t{i}") for i in range(TASKS_WITH_SIGNATURES + 1)]
    features = [km.NumericFeature("age", missing_share=0.0)]
    model = km.build_hard_sharing(features, tasks, trunk=(2,))
    assert list(build_signatures(model)) == ["serving_default", "features"]
    model = km.build_hard_sharing(features, tasks[1:], trunk=(2,))
    assert len(build_signatures(model)) == 2 + TASKS_WITH_SIGNATURES
