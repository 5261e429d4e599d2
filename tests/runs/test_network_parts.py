"""A network is drawn as a person would: trunks, experts, gates and heads."""

import shutil

import keras
import numpy as np
import pandas as pd
import pytest

import keras_mtl as km
from keras_mtl.architectures import ARCHITECTURES, build_architecture
from keras_mtl.report import draw_network
from keras_mtl.runs.network_parts import network_parts

TASKS = (
    km.BinaryTask("sick", widths=(4,)),
    km.MulticlassTask("stage", classes=("I", "II", "III")),
    km.RegressionTask("cost"),
)
COMMON = km.ArchitectureSettings(
    trunk=(6, 4), dropout=0.1, input_dropout=0.1, batch_norm=True
)


def parts_of(architecture, tasks=TASKS, common=COMMON):
    return network_parts(build_architecture(architecture, 5, tasks, common))


@pytest.mark.parametrize("name", list(ARCHITECTURES))
def test_every_architecture_has_its_parts_and_a_drawing(name):
    model = build_architecture(name, 5, TASKS, COMMON)
    parts = network_parts(model)
    trainable = sum(int(np.prod(v.shape)) for v in model.trainable_variables)
    assert sum(part.parameters for part in parts) == trainable
    # Each part reads parts before it, and all but the input read something.
    for index, part in enumerate(parts):
        assert all(source < index for source in part.inputs)
        assert bool(part.inputs) == (part.text != "Input")
    titles = [part.text for part in parts]
    assert len(set(titles)) == len(titles)
    assert {"sick", "stage", "cost"} <= set(titles)
    assert parts[-1].tasks
    svg = draw_network(parts, [task.name for task in TASKS])
    for part in parts:
        assert part.text in svg


def test_what_stands_before_a_network_has_a_part_of_its_own():
    features = km.learn_features(
        [
            km.NumericFeature("age", embedding="ple"),
            km.CategoricalFeature("town", encoding="embedding"),
        ],
        pd.DataFrame({"age": [1.0, 2.5, 3.0], "town": ["a", "b", "a"]}),
    )
    common = COMMON.replace(input_scaling=True)
    model = build_architecture("hard-sharing", 2, TASKS, common, features)
    parts = network_parts(model)
    assert [(part.text, part.detail) for part in parts[1:4]] == [
        ("Vectors of words", "1 columns, 8 numbers each"),
        ("Piecewise embedding", "1 columns, 8 numbers each"),
        ("Factors of columns", "17 columns"),
    ]
    trainable = sum(int(np.prod(v.shape)) for v in model.trainable_variables)
    assert sum(part.parameters for part in parts) == trainable


def test_the_levels_of_ple():
    parts = {part.text: part for part in parts_of("ple:levels=2,experts=2")}
    assert parts["Level 1 own experts"].copies == 6
    assert parts["Level 1 own experts"].detail.startswith("6 → 4")
    assert parts["Level 1 shared gate"].detail == "softmax over 7 experts"
    assert "Level 2 shared gate" not in parts
    order = list(parts)
    reads = {name: {order[i] for i in part.inputs} for name, part in parts.items()}
    assert reads["Level 1 shared mixed"] == {
        *("Level 1 own experts", "Level 1 shared experts", "Level 1 shared gate")
    }
    assert reads["Level 2 own experts"] == {"Level 1 mixed"}
    assert reads["Level 2 shared experts"] == {"Level 1 shared mixed"}
    assert reads["sick"] == {"Level 2 mixed"}


def test_a_chain_shows_which_head_reads_which():
    parts = {part.text: part for part in parts_of("chain:order=cost,sick")}
    order = list(parts)
    assert {order[i] for i in parts["sick"].inputs} == {"Trunk", "cost"}
    assert {order[i] for i in parts["stage"].inputs} == {"Trunk"}


def test_many_equal_heads_are_one_box_and_many_unlike_ones_are_counted():
    equal = [km.BinaryTask(f"t{index}") for index in range(40)]
    parts = parts_of("mmoe", equal)
    assert parts[-1].text == "Heads"
    assert parts[-1].copies == 40
    unlike = [km.BinaryTask(f"t{index}", widths=(index + 1,)) for index in range(40)]
    svg = draw_network(parts_of("hard-sharing", unlike), [t.name for t in unlike])
    assert "28 more heads" in svg
    assert ">t11<" in svg
    assert ">t12<" not in svg


def test_a_deep_network_is_shortened_in_the_middle():
    parts = parts_of("ple:levels=12")
    svg = draw_network(parts, [task.name for task in TASKS])
    assert "more parts" in svg
    assert "Level 1 gate" in svg
    assert "Level 12 gate" in svg
    assert "Level 6 gate" not in svg


@pytest.mark.parametrize("name", list(ARCHITECTURES))
def test_keras_plots_every_architecture(name, tmp_path):
    pytest.importorskip("pydot")
    model = build_architecture(name, 5, TASKS, COMMON)
    graph = keras.utils.model_to_dot(model, show_shapes=True, expand_nested=True)
    assert len(graph.get_nodes()) >= len(model.layers)
    if shutil.which("dot") is None:
        pytest.skip("graphviz is not installed")
    # Graphviz 2.43 breaks off at orthogonal lines ("Trapezoid-table overflow").
    keras.utils.plot_model(
        model, tmp_path / "model.png", show_shapes=True, splines="curved"
    )
    assert (tmp_path / "model.png").stat().st_size > 0
