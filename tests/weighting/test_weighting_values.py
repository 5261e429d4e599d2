"""Values that are known: by hand, or from TorchJD."""

import json
import pathlib

import numpy as np
import pytest

from tests.weighting.weighting_cases import make

JACOBIAN = np.array([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]])
# In the scale of each paper.
UPDATES = {
    "aligned-mtl": [0.2133, 0.9673, 0.9673],
    "cagrad": [0.1835, 1.2041, 1.2041],
    "config": [0.1588, 2.0706, 2.0706],
    "dualproj": [5 / 9, 10 / 9, 10 / 9],
    "fairgrad": [0.0766, 0.9985, 0.9985],
    "gradvac": [0.5848, 3.8012, 3.8012],
    "imtl-g": [0.0767, 1.0, 1.0],
    "mgda": [0.0, 1.0, 1.0],
    "pcgrad": [0.5848, 3.8012, 3.8012],
    "upgrad": [0.2924, 1.9006, 1.9006],
}
WEIGHTS = {
    "dualproj": [11 / 18, 1 / 2],
    "imtl-g": [0.5923, 0.4077],
    "mgda": [0.6, 0.4],
    "upgrad": [10 / 9, 15 / 19],
}
# Made by freeze_torchjd_values.py, which notes the versions.
FROZEN = json.loads(pathlib.Path(__file__).with_name("torchjd_values.json").read_text())


def in_papers_scale(name, **settings):
    if name not in ("config", "gradvac", "pcgrad"):
        settings["scale"] = "paper"
    return make(name, **settings)


@pytest.mark.parametrize("name", UPDATES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_update_of_two_tasks_in_conflict(name, dtype):
    update = in_papers_scale(name).aggregate(JACOBIAN.astype(dtype))
    np.testing.assert_allclose(update, UPDATES[name], atol=6e-5)


@pytest.mark.parametrize("name", WEIGHTS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_weights_of_two_tasks_in_conflict(name, dtype):
    gramian = (JACOBIAN @ JACOBIAN.T).astype(dtype)
    weights, _ = in_papers_scale(name)(gramian)
    np.testing.assert_allclose(weights, WEIGHTS[name], atol=6e-5)


@pytest.mark.parametrize("name", FROZEN["matrices"][0]["values"])
@pytest.mark.parametrize(
    "case", FROZEN["matrices"], ids=lambda case: f"{len(case['jacobian'])} tasks"
)
def test_torchjd_agrees(name, case):
    jacobian = np.array(case["jacobian"])
    expected = np.array(case["values"][name])
    update = in_papers_scale(name).aggregate(jacobian)
    # TorchJD's solvers of these two stop a little before the optimum, which the
    # tests of their properties hold to 1e-7.
    tolerance = 3e-4 if name in ("mgda", "cagrad") else 1e-6
    np.testing.assert_allclose(
        update, expected, rtol=0, atol=tolerance * np.linalg.norm(expected)
    )


@pytest.mark.parametrize("name", FROZEN["matrices"][0]["values"])
@pytest.mark.parametrize(
    "case", FROZEN["matrices"], ids=lambda case: f"{len(case['jacobian'])} tasks"
)
def test_single_precision_gramians_are_enough(name, case):
    jacobian = np.array(case["jacobian"])
    rows = jacobian.astype("float32")
    got = np.array(make(name)(rows @ rows.T)[0]) @ jacobian
    expected = np.array(make(name)(jacobian @ jacobian.T)[0]) @ jacobian
    np.testing.assert_allclose(
        got, expected, rtol=0, atol=2e-4 * np.linalg.norm(expected)
    )


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("gradvac", {}),
        ("excess-mtl", {"step_size": 1.0, "scale": "paper"}),
        ("sdmgrad", {"scale": "paper"}),
        ("modo", {"relative": False, "scale": "paper"}),
    ],
)
def test_torchjd_agrees_over_several_calls(name, settings):
    sequence = FROZEN["sequences"][name]
    method = make(name, **settings)
    inputs = np.array(sequence["inputs"])
    state = method.initial_state(inputs.shape[1], inputs.shape[2])
    for given, expected in zip(inputs, sequence["answers"], strict=True):
        if name == "gradvac":
            got, state = method(given @ given.T, state)
            got = np.array(got) @ given
        else:
            got, state = method(given, state)
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)
