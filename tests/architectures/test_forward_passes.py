"""Architectures give what their papers' equations give, in NumPy."""

import keras
import numpy as np
import pytest

import keras_mtl as km
from keras_mtl.architectures import build_architecture

TASKS = (km.RegressionTask("a"), km.RegressionTask("b"), km.BinaryTask("c"))
COMMON = km.ArchitectureSettings(trunk=(6, 4), activation="tanh")
INPUTS = np.random.default_rng(0).normal(size=(11, 5)).astype("float32")


def build(architecture):
    keras.utils.set_random_seed(0)
    model = build_architecture(architecture, 5, TASKS, COMMON)
    # Biases begin as zeros, and would hide where they are left out. Variances stay
    # above 0.
    generator = np.random.default_rng(1)
    model.set_weights(
        [w + np.abs(generator.normal(0, 0.3, w.shape)) for w in model.get_weights()]
    )
    return model


def weights(model, name):
    return [variable.numpy() for variable in model.get_layer(name).weights]


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def expert(model, name, index, hidden):
    """One network of a stack, (N, features) to (N, 4), layer after layer."""
    for layer in (1, 2):
        kernel, bias = weights(model, f"{name}_{layer}")
        hidden = np.tanh(hidden @ kernel[index] + bias[index])
    return hidden


def gate(model, name, index, hidden):
    kernel, bias = weights(model, name)
    return softmax(hidden @ kernel[index] + bias[index])


def assert_heads_read(model, representations):
    predicted = model(INPUTS)
    for task, hidden in zip(TASKS, representations, strict=True):
        kernel, bias = weights(model, task.name)
        expected = hidden @ kernel + bias
        if isinstance(task, km.BinaryTask):
            expected = 1 / (1 + np.exp(-expected))
        np.testing.assert_allclose(predicted[task.name], expected, rtol=1e-4, atol=1e-5)


def test_mmoe():
    model = build("mmoe:experts=5")
    experts = [expert(model, "experts", index, INPUTS) for index in range(5)]
    mixed = []
    for task in range(3):
        share = gate(model, "gate", task, INPUTS)
        mixed.append(sum(share[:, [i]] * experts[i] for i in range(5)))
    assert_heads_read(model, mixed)


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_ple(levels):
    model = build(f"ple:levels={levels},experts=2,shared_experts=3")
    streams, shared = [INPUTS] * 3, INPUTS
    for level in range(1, levels + 1):
        name = f"level_{level}"
        own = [
            [expert(model, f"{name}_own", 2 * t + i, streams[t]) for i in range(2)]
            for t in range(3)
        ]
        common = [expert(model, f"{name}_shared", i, shared) for i in range(3)]
        following = []
        for task in range(3):
            share = gate(model, f"{name}_gate", task, streams[task])
            mixed = zip(share.T, [*own[task], *common], strict=True)
            following.append(sum(g[:, None] * values for g, values in mixed))
        if level < levels:
            # Over all experts: of each task, and the shared ones.
            share = gate(model, f"{name}_shared_gate", 0, shared)
            everything = [*own[0], *own[1], *own[2], *common]
            mixed = zip(share.T, everything, strict=True)
            shared = sum(g[:, None] * values for g, values in mixed)
        streams = following
    assert_heads_read(model, streams)


def test_cgc_is_one_level_of_ple():
    cgc, ple = build("cgc:experts=2"), build("ple:levels=1,experts=2")
    for name, values in ple(INPUTS).items():
        np.testing.assert_array_equal(cgc(INPUTS)[name], values)


@pytest.mark.parametrize("per_unit", [False, True])
def test_cross_stitch(per_unit):
    model = build(f"cross-stitch:per_unit={per_unit},rate=4")
    streams = [INPUTS] * 3
    for layer in (1, 2):
        kernel, bias = weights(model, f"trunk_{layer}")
        streams = [np.tanh(streams[t] @ kernel[t] + bias[t]) for t in range(3)]
        mix = model.get_layer(f"stitch_{layer}").stitches
        streams = [sum(mix[t, j] * streams[j] for j in range(3)) for t in range(3)]
    assert_heads_read(model, streams)


def test_a_cross_stitch_begins_with_rows_of_sum_one():
    keras.utils.set_random_seed(0)
    model = build_architecture("cross-stitch:own=0.8", 5, TASKS, COMMON)
    mix = model.get_layer("stitch_1").stitches
    np.testing.assert_allclose(mix.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(np.diag(mix), 0.8, rtol=1e-6)


def test_single_tasks_and_soft_sharing_are_networks_of_their_own():
    for architecture in ("single-task", "soft-sharing"):
        model = build(architecture)
        trunks = [expert(model, "trunk", task, INPUTS) for task in range(3)]
        assert_heads_read(model, trunks)


def test_equal_parameters_are_those_of_hard_sharing():
    common = km.ArchitectureSettings(trunk=(64, 64))
    hard = build_architecture("hard-sharing", 20, TASKS, common).count_params()
    wide = build_architecture("single-task", 20, TASKS, common).count_params()
    equal = build_architecture("single-task:equal=parameters", 20, TASKS, common)
    assert wide > 2.8 * hard
    assert 0.85 * hard < equal.count_params() <= hard


def smooth_step(t, gamma):
    inside = -2 * t**3 / gamma**3 + 3 * t / (2 * gamma) + 0.5
    return np.where(t <= -gamma / 2, 0, np.where(t >= gamma / 2, 1, inside))


@pytest.mark.parametrize("experts", [4, 5])
@pytest.mark.parametrize("per_example", [False, True])
def test_dselect_k(experts, per_example):
    gamma = 0.8
    model = build(
        f"dselect-k:experts={experts},selectors=2,gamma={gamma},"
        f"per_example={per_example}"
    )
    codes, shares = weights(model, "gate")
    columns = INPUTS.T if per_example else np.ones((1, len(INPUTS)))
    bits = int(np.ceil(np.log2(experts)))
    outputs = [expert(model, "experts", index, INPUTS) for index in range(experts)]
    mixed = []
    for task in range(3):
        share = softmax((shares[task] @ columns).T)
        total = 0
        for selector in range(2):
            steps = smooth_step(codes[task, selector] @ columns, gamma)
            for index in range(experts):
                factors = [
                    steps[bit] if index >> bit & 1 else 1 - steps[bit]
                    for bit in range(bits)
                ]
                weight = share[:, selector] * np.prod(factors, axis=0)
                total = total + weight[:, None] * outputs[index]
        mixed.append(total)
    assert_heads_read(model, mixed)


@pytest.mark.parametrize("experts", [4, 5])
def test_the_penalties_of_dselect_k_are_over_all_tasks_and_selectors(experts):
    model = build(f"dselect-k:experts={experts},gamma=0.8,entropy=0.3,reachability=0.2")
    model(INPUTS)
    codes = smooth_step(weights(model, "gate")[0][..., 0], 0.8)
    entropy = reachability = 0
    for steps in codes.reshape(-1, codes.shape[-1]):
        choices = np.array(
            [
                np.prod([s if i >> bit & 1 else 1 - s for bit, s in enumerate(steps)])
                for i in range(experts)
            ]
        )
        entropy -= np.sum(choices * np.log(choices + 1e-6))
        reachability += 1 / (choices.sum() + 1e-3)
    expected = 0.3 * entropy + (0.2 * reachability if experts == 5 else 0)
    assert float(sum(model.losses)) == pytest.approx(expected, rel=1e-4)


def test_sluice():
    model = build("sluice:subspaces=2,rate=3")
    streams, layers = [INPUTS] * 3, []
    for layer in (1, 2):
        kernel, bias = weights(model, f"trunk_{layer}")
        parts = []
        for task in range(3):
            hidden = np.tanh(streams[task] @ kernel[task] + bias[task])
            parts += np.split(hidden, 2, axis=1)
        mix = model.get_layer(f"stitch_{layer}").stitches
        mixed = [sum(mix[i, j] * parts[j] for j in range(6)) for i in range(6)]
        streams = [np.hstack(mixed[2 * task : 2 * task + 2]) for task in range(3)]
        layers.append(streams)
    shares = model.get_layer("layers").weights_of_layers
    # Layers of unequal width are put side by side.
    read = [
        np.hstack([shares[task, layer] * layers[layer][task] for layer in range(2)])
        for task in range(3)
    ]
    assert_heads_read(model, read)


def test_mtan():
    model = build("mtan")
    hidden, streams = INPUTS, [None] * 3
    for layer in (1, 2):
        kernel, bias = weights(model, f"trunk_{layer}")
        hidden = np.tanh(hidden @ kernel + bias)
        kernel, bias = weights(model, f"mask_{layer}_shared")
        for task in range(3):
            logits = hidden @ kernel[task] + bias[task]
            if streams[task] is not None:
                (own,) = weights(model, f"mask_{layer}_own")
                logits = logits + streams[task] @ own[task]
            streams[task] = hidden / (1 + np.exp(-logits))
    assert_heads_read(model, streams)


def test_the_gates_of_home():
    model = build("home:experts=2,shared_experts=1,rank=3")
    experts = {}
    for kind, stack in (("own", 6), ("shared", 1)):
        (low,), (high,) = (
            weights(model, f"{kind}_features_{part}") for part in ("low", "gate")
        )
        for index in range(stack):
            gate_of_features = 2 / (1 + np.exp(-(INPUTS @ low[index] @ high[index])))
            hidden = INPUTS * gate_of_features
            for layer in (1, 2):
                (kernel,) = weights(model, f"{kind}_{layer}")
                norm = [
                    np.reshape(each, (stack, -1))[index]
                    for each in weights(model, f"{kind}_{layer}_norm")
                ]
                gamma, beta, mean, variance = norm
                scaled = (hidden @ kernel[index] - mean) / np.sqrt(variance + 1e-3)
                hidden = scaled * gamma + beta
                hidden = hidden / (1 + np.exp(-hidden))
            experts[kind, index] = hidden
    read = []
    for task in range(3):
        share = gate(model, "gate", task, INPUTS)
        alone = gate(model, "self_gate", task, INPUTS)
        own = [experts["own", 2 * task + index] for index in range(2)]
        mixed = sum(share[:, [i]] * own[i] for i in range(2))
        mixed = mixed + share[:, [2]] * experts["shared", 0]
        read.append(mixed + sum(alone[:, [i]] * own[i] for i in range(2)))
    assert_heads_read(model, read)
