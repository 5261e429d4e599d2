"""What a trained model shares is read out as it is."""

import keras
import numpy as np
import pandas as pd
import pytest

import keras_mtl as km
from keras_mtl.analysis import expert_use, read_sharing, sharing_sentences, sharing_svg
from keras_mtl.architectures import (
    ARCHITECTURES,
    average_members,
    build_architecture,
    join_encoder,
    without_auxiliary,
)
from keras_mtl.features import (
    NumericFeature,
    build_encoder,
    feature_arrays,
    feature_tensors,
    learn_features,
)

TASKS = (km.BinaryTask("a"), km.BinaryTask("b"), km.RegressionTask("c"))
COMMON = km.ArchitectureSettings(trunk=(6, 4))
INPUTS = np.random.default_rng(0).normal(size=(70, 5)).astype("float32")


def build(architecture, seed=0):
    keras.utils.set_random_seed(seed)
    return build_architecture(architecture, 5, TASKS, COMMON)


def test_the_gates_of_a_mixture():
    model = build("mmoe:experts=4")
    use = expert_use(model, INPUTS, batch_size=32)
    weights = model.get_layer("gate")(INPUTS).numpy()
    assert len(use) == 3 * 4
    for (task, expert), row in use.set_index(["task", "expert"]).iterrows():
        gate = weights["abc".index(task)]
        index = int(expert.removeprefix("expert ")) - 1
        assert row["mean"] == pytest.approx(gate[index].mean(), abs=1e-5)
        assert row["leads"] == pytest.approx(np.mean(gate.argmax(axis=0) == index))
    gate = weights[0]
    entropy = -(gate * np.log(gate)).sum(axis=0).mean() / np.log(4)
    assert use["entropy"][0] == pytest.approx(entropy, abs=1e-5)


def test_the_gates_of_levels_name_own_and_shared_experts():
    use = expert_use(build("ple:levels=2,experts=2"), INPUTS)
    layers = {"level_1_gate", "level_1_shared_gate", "level_2_gate"}
    assert set(use["layer"]) == layers
    last = use[use["layer"] == "level_2_gate"]
    assert last.loc[last["task"] == "b", "expert"].tolist() == [
        "b 1",
        "b 2",
        "shared 1",
    ]
    shared = use[use["layer"] == "level_1_shared_gate"]
    assert shared["task"].unique().tolist() == ["shared"]
    assert shared["expert"].tolist() == [
        *("a 1", "a 2", "b 1", "b 2", "c 1", "c 2", "shared 1")
    ]
    sums = use.groupby(["layer", "task"])["mean"].sum()
    np.testing.assert_allclose(sums, 1, atol=1e-5)


def test_the_choice_of_a_sparse_gate():
    model = build("dselect-k:experts=4,selectors=1")
    codes, shares = model.get_layer("gate").get_weights()
    codes[:] = np.array([1, -1])[None, None, :, None]
    model.get_layer("gate").set_weights([codes, shares])
    use = expert_use(model, INPUTS)
    assert use.loc[use["expert"] == "expert 2", "mean"].tolist() == [1, 1, 1]
    assert use["entropy"].max() == pytest.approx(0, abs=1e-6)


def test_all_members_are_read_and_raw_features_too():
    frame = pd.DataFrame(INPUTS, columns=list("vwxyz"))
    features = learn_features([NumericFeature(name) for name in "vwxyz"], frame)
    encoder = build_encoder(features)
    members = [
        build_architecture("mmoe:experts=3", encoder.output_shape[-1], TASKS, COMMON)
        for _ in range(2)
    ]
    raw = feature_tensors(feature_arrays(features, frame))
    expected = [expert_use(member, encoder(raw).numpy()) for member in members]
    model = join_encoder(encoder, average_members(members), features)
    use = expert_use(model, raw)
    for number in range(2):
        np.testing.assert_allclose(
            use.loc[use["member"] == number, "mean"],
            expected[number]["mean"],
            atol=1e-5,
        )


def test_stitches_layers_and_distances():
    readout = read_sharing(build("sluice:subspaces=2,own=0.5"), INPUTS)
    mix = readout.stitches
    first = mix[mix["layer"] == "stitch_1"].pivot(
        index="task", columns="source", values="weight"
    )
    assert first.shape == (6, 6)
    assert np.diag(first).tolist() == pytest.approx([0.5] * 6)
    layers = mix[mix["layer"] == "layers"]
    assert set(layers["source"]) == {"layer 1", "layer 2"}
    model = build("soft-sharing")
    kernel = model.get_layer("trunk_1").kernel
    kernel.assign(kernel[:1].numpy().repeat(3, axis=0))
    distances = read_sharing(model, INPUTS).distances
    by_layer = distances.groupby("layer")["distance"]
    assert by_layer.max()["trunk_1"] == 0
    assert 1 < by_layer.mean()["trunk_2"] < 1.8
    assert len(distances) == 2 * 3


def test_a_collapsed_gate_an_unused_expert_and_ignored_own_experts_are_reported():
    model = build("cgc:experts=1,shared_experts=2")
    kernel, bias = model.get_layer("level_1_gate").get_weights()
    # Task a reads one shared expert alone; b and c read their own and the other.
    bias[:] = [[-20, 20, -20], [0, -20, 0], [0, -20, 0]]
    model.get_layer("level_1_gate").set_weights([kernel * 0, bias])
    sentences = sharing_sentences(expert_use(model, INPUTS))
    assert sentences[0].startswith("level_1_gate: the gate of 'a' has collapsed onto")
    assert "'a' ignores its own experts" in sentences[1]
    assert "no task uses a 1" in sentences[2]
    assert len(sentences) == 3
    assert not sharing_sentences(expert_use(build("cgc"), INPUTS))


@pytest.mark.parametrize("name", list(ARCHITECTURES))
def test_every_architecture_can_be_read_and_drawn(name):
    readout = read_sharing(build(name), INPUTS)
    frames = (readout.experts, readout.stitches, readout.distances)
    svg = sharing_svg(readout)
    assert (svg is None) == all(frame.empty for frame in frames)
    if svg is not None:
        assert "<svg" in svg
        assert svg == sharing_svg(readout)


def test_a_model_that_lacks_its_auxiliary_tasks_is_refused():
    tasks = [km.BinaryTask("sick"), km.RegressionTask("cost", auxiliary=True)]
    model = build_architecture("mmoe", 3, tasks)
    assert set(read_sharing(model, np.ones((4, 3))).experts["task"]) == {"sick", "cost"}
    with pytest.raises(ValueError, match="all tasks that it was trained on"):
        read_sharing(without_auxiliary(model), np.ones((4, 3)))
