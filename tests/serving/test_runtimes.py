"""The core model answers in other runtimes as in Keras."""

import json

import keras
import numpy as np
import pytest

import keras_mtl as km
from keras_mtl.serving.runtimes import RUNTIMES, Runtime, publish_core
from keras_mtl.serving.shared_representation import find_core

pytestmark = pytest.mark.xdist_group("serving")


def test_an_absent_runtime_says_how_to_install_it():
    absent = Runtime("onnx", "model.onnx", "onnx", ("no_such_module",), None, None)
    with pytest.raises(km.UserError, match=r'pip install "keras-mtl\[onnx\]"'):
        absent.require()


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNTIMES)
def test_answers_are_those_of_keras_on_all_rows(name, model, frame, tmp_path):
    runtime = RUNTIMES[name]
    for module in runtime.modules:
        pytest.importorskip(module)
    core, encoded = find_core(model)
    encoder = keras.Model(model.input, encoded)
    rows = km.encode_frame(encoder, model.features, frame)
    version = publish_core(model, tmp_path, "m", runtime, rows=rows)
    assert version == tmp_path / f"m_{name}" / "1"
    answers = runtime.answer(version / runtime.file, rows)
    for task in core.tasks:
        expected = np.asarray(core(rows)[task.name])
        np.testing.assert_allclose(answers[task.name], expected, rtol=1e-5, atol=1e-5)
    metadata = json.loads((version / "metadata.json").read_text())
    assert len(metadata["inputs"]["features"]) == core.input_shape[1]
    assert (version / "model_card.md").is_file()


def test_a_runtime_that_answers_otherwise_is_not_published(model, tmp_path):
    core, _ = find_core(model)

    def answer(path, rows):
        outputs = core(rows)
        return {task.name: np.asarray(outputs[task.name]) + 1e-3 for task in core.tasks}

    wrong = Runtime(
        "wrong", "model", "wrong", (), lambda core, path: path.touch(), answer
    )
    with pytest.raises(RuntimeError, match="to 1e-05 from wrong"):
        publish_core(model, tmp_path, "m", wrong)
    assert not list((tmp_path / "m_wrong").iterdir())


def test_a_model_of_one_graph_is_refused(tmp_path):
    core = km.build_hard_sharing(3, [km.BinaryTask("heart")])
    runtime = Runtime("any", "model", "any", (), None, None)
    with pytest.raises(km.UserError, match="join_encoder"):
        publish_core(core, tmp_path, "m", runtime)
