"""Models answer in other runtimes as in Keras."""

import json

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import keras_mtl as km
from keras_mtl.features import feature_arrays, feature_tensors
from keras_mtl.serving.runtimes import RUNTIMES, Runtime, publish_for_runtime
from keras_mtl.serving.shared_representation import find_core

pytestmark = pytest.mark.xdist_group("serving")


def test_an_absent_runtime_says_how_to_install_it():
    absent = Runtime("onnx", "model.onnx", "onnx", ("no_such_module",), None, None)
    with pytest.raises(km.UserError, match=r'pip install "keras-mtl\[onnx\]"'):
        absent.require()


def requires(name):
    for module in RUNTIMES[name].modules:
        pytest.importorskip(module)
    return RUNTIMES[name]


def require_answers(runtime, version, model, rows):
    answers = runtime.answer(version / runtime.file, rows)
    expected = model(feature_tensors(rows), training=False)
    for task in model.tasks:
        np.testing.assert_allclose(
            answers[task.name], np.asarray(expected[task.name]), rtol=1e-5, atol=1e-5
        )


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNTIMES)
def test_raw_rows_are_answered_as_by_keras(name, model, frame, tmp_path):
    """All rows of the data, with their gaps, and words that nobody knows."""
    runtime = requires(name)
    rows = feature_arrays(model.features, frame)
    version = publish_for_runtime(model, tmp_path, "m", runtime, rows=rows)
    assert version == tmp_path / f"m_{name}" / "1"
    rows = {column: values.copy() for column, values in rows.items()}
    rows["def"] = np.where(np.arange(len(frame)) % 7 == 0, "nobody", rows["def"])
    rows["return"][::5] = "?"
    rows["outputs"][::3] = "tRUe"
    rows["chol"][::4] = np.inf
    require_answers(runtime, version, model, rows)
    metadata = json.loads((version / "metadata.json").read_text())
    assert [*metadata["inputs"]] == [feature.name for feature in model.features]
    assert metadata["inputs"]["def"] == {"dtype": "string", "keyword": "def_"}
    assert (version / "model_card.md").is_file()


@pytest.fixture(scope="module")
def published(model, tmp_path_factory):
    """Each runtime with a version of the model, made when it is asked for."""
    made = {}

    def publish(name):
        runtime = requires(name)
        if name not in made:
            folder = tmp_path_factory.mktemp("published")
            made[name] = publish_for_runtime(model, folder, "m", runtime)
        return runtime, made[name]

    return publish


# TensorFlow takes a number below the smallest normal one for 0, and no other does.
NUMBERS = st.one_of(
    st.floats(width=32, allow_subnormal=False),
    st.sampled_from([0.0, -0.0, np.nan, np.inf, 1e38, 233.0]),
)
WORDS = st.one_of(
    st.sampled_from(["male", "female", "NA", "normal", "?", "", "true", "No", "2"]),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
)


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNTIMES)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_any_raw_rows_are_answered_as_by_keras(name, published, model, data):
    runtime, version = published(name)
    rows = {}
    for feature in model.features:
        cells = NUMBERS if feature.dtype == "float32" else WORDS
        values = data.draw(st.lists(cells, min_size=10, max_size=10))
        rows[feature.name] = np.asarray(
            values, object if feature.dtype == "string" else "float32"
        )
    require_answers(runtime, version, model, rows)


DATED = (
    km.NumericFeature("age", missing_values=(0,), missing_share=0.1, mean=50.0),
    km.DateFeature("visit", format="day_month_name", missing_share=0.1, has_time=True),
    km.DateFeature("born", format="iso", missing_share=0.0, mean_days=9_000.0),
    km.DateFeature("paid", format="unix", missing_share=0.0, mean_days=9_000.0),
)


@pytest.fixture(scope="module")
def dated_model():
    keras.utils.set_random_seed(0)
    return km.build_hard_sharing(DATED, [km.BinaryTask("heart")], trunk=(4,))


@pytest.mark.slow
def test_onnx_reads_dates(dated_model, tmp_path):
    runtime = requires("onnx")
    version = publish_for_runtime(dated_model, tmp_path, "m", runtime)
    rows = {
        "age": np.asarray([40, np.nan, -np.inf, 0, 1e38, 50, 3, 4, 5], "float32"),
        "visit": "31 Jan 2024|Mon, 1st Sept. 99 11:30 PM|31 Feb 2024||5-DEC-68"
        "|Mar 1 May 24|1 May 2024 12:05 am|1 January 0001|never",
        "born": "2024-02-29|2023-02-29|1900-Mar-1|2024-01-31T23:59:59Z|?|1-1-1"
        "|2024-13-1|9999-12-31|0001-01-01",
        "paid": "0|-1|-86401.5|999999999999|1700000000|12x||1|2",
    }
    rows = {
        name: np.asarray(texts.split("|"), object) if isinstance(texts, str) else texts
        for name, texts in rows.items()
    }
    require_answers(runtime, version, dated_model, rows)


@pytest.mark.slow
def test_dates_are_encoded_before_litert(dated_model, tmp_path):
    runtime = requires("litert")
    with pytest.warns(
        km.DataWarning, match=r"no operations that read 'visit' \(date\)"
    ):
        version = publish_for_runtime(dated_model, tmp_path, "m", runtime)
    metadata = json.loads((version / "metadata.json").read_text())
    encoder = km.build_encoder(DATED)
    assert len(metadata["inputs"]["features"]) == encoder.output_shape[1]


def test_a_kind_that_only_tensorflow_reads_is_encoded_before(tmp_path):
    class Spelled(km.BooleanFeature):
        kind = "spelled"

        def text_codes(self):
            return None

    feature = Spelled("fbs", missing_share=0.0)
    model = km.build_hard_sharing([feature], [km.BinaryTask("heart")], trunk=(2,))
    asked = {}

    def answer(path, rows):
        asked.update(rows)
        (core,) = [each for each in model.layers if isinstance(each, km.MultiTaskModel)]
        return {name: np.asarray(each) for name, each in core(rows["features"]).items()}

    runtime = Runtime(
        "onnx", "model", "onnx", (), lambda model, codes, path: path.touch(), answer
    )
    with pytest.warns(km.DataWarning, match=r"read 'fbs' \(spelled\)"):
        publish_for_runtime(model, tmp_path, "m", runtime)
    assert [*asked] == ["features"]


def test_a_runtime_that_answers_otherwise_is_not_published(model, tmp_path):
    """Neither the raw rows nor the encoded matrix."""
    core, _ = find_core(model)
    asked = []

    def answer(path, rows):
        asked.append([*rows])
        outputs = (
            core(rows["features"])
            if "features" in rows
            else model(feature_tensors(rows))
        )
        return {
            task.name: np.asarray(outputs[task.name]) + 1e-3 for task in model.tasks
        }

    wrong = Runtime(
        "onnx", "model", "onnx", (), lambda model, codes, path: path.touch(), answer
    )
    with (
        pytest.warns(km.DataWarning, match="to 1e-05 from onnx"),
        pytest.raises(RuntimeError, match="to 1e-05 from onnx"),
    ):
        publish_for_runtime(model, tmp_path, "m", wrong)
    assert asked == [[feature.name for feature in model.features], ["features"]]
    assert not list((tmp_path / "m_onnx").iterdir())


def test_a_model_of_one_graph_is_refused(tmp_path):
    core = km.build_hard_sharing(3, [km.BinaryTask("heart")])
    runtime = Runtime("any", "model", "any", (), None, None)
    with pytest.raises(km.UserError, match="join_encoder"):
        publish_for_runtime(core, tmp_path, "m", runtime)
