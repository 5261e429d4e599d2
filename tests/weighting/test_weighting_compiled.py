"""The pure calls inside compiled programs, alone and for many members."""

import numpy as np
import pytest
import tensorflow as tf

import keras_mtl.weighting
from tests.weighting.weighting_cases import (
    ON_GRADIENTS,
    ON_GRAMIAN,
    ON_LOSSES,
    make,
    random_jacobian,
)

ON_JACOBIAN = tuple(name for name in ON_GRADIENTS if name not in ON_GRAMIAN)
TASKS, PARAMETERS = 4, 6


def problem(seed, kind):
    """Returns what a method of that kind is called with, in single precision."""
    jacobian = random_jacobian(seed, TASKS, PARAMETERS).astype("float32")
    losses = np.random.default_rng(seed).uniform(0.1, 2.0, TASKS).astype("float32")
    mask = np.array([True, True, seed % 2 == 0, True])
    first = {"losses": losses, "gramian": jacobian @ jacobian.T, "jacobian": jacobian}
    return {"first": first[kind], "losses": losses, "mask": mask}


def states(names):
    methods = {name: make(name, TASKS) for name in names}
    return methods, {
        name: method.initial_state(TASKS, PARAMETERS)
        for name, method in methods.items()
    }


def call_all(methods, given, state):
    """Calls each method, with all that a training step would supply."""
    results = {}
    for name, method in methods.items():
        more = {"losses": given["losses"]} if method.kind != "losses" else {}
        result, now = method(given["first"], state[name], mask=given["mask"], **more)
        if method.needs_losses_after_step:
            now = method.after_step(0.9 * given["losses"], now, mask=given["mask"])
        results[name] = (result, now)
    return results


def assert_same(got, expected):
    for name in expected:
        for left, right in zip(
            tf.nest.flatten(got[name]), tf.nest.flatten(expected[name]), strict=True
        ):
            np.testing.assert_allclose(left, right, rtol=1e-4, atol=1e-5, err_msg=name)


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("losses", ("rlw", "famo", "uncertainty")),
        pytest.param("losses", ON_LOSSES, marks=pytest.mark.slow),
        ("gramian", ("upgrad", "config")),
        pytest.param("gramian", ON_GRAMIAN, marks=pytest.mark.slow),
        ("jacobian", ON_JACOBIAN),
    ],
)
def test_compiled_calls_give_what_eager_calls_give(kind, names):
    methods, state = states(names)
    given = problem(1, kind)
    compiled = tf.function(
        lambda given, state: call_all(methods, given, state), jit_compile=True
    )
    as_tensors = tf.nest.map_structure(tf.convert_to_tensor, (given, state))
    assert_same(compiled(*as_tensors), call_all(methods, given, state))


@pytest.mark.parametrize(
    "jit_compile", [False, pytest.param(True, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("losses", ("rlw", "famo", "uncertainty")),
        ("gramian", ("pcgrad",)),
        pytest.param("gramian", ("cagrad", "upgrad"), marks=pytest.mark.slow),
        ("jacobian", ("graddrop", "moco")),
    ],
)
def test_calls_map_over_members(kind, names, jit_compile):
    methods, state = states(names)
    problems = [problem(seed, kind) for seed in range(3)]
    given = tf.nest.map_structure(lambda *leaves: tf.stack(leaves), *problems)
    members = tf.nest.map_structure(lambda leaf: tf.stack([leaf] * 3), state)

    @tf.function(jit_compile=jit_compile)
    def mapped(given, members):
        with keras_mtl.weighting.fixed_loops():
            return tf.vectorized_map(
                lambda each: call_all(methods, *each), (given, members)
            )

    got = mapped(given, members)
    for member, alone in enumerate(problems):
        mine = tf.nest.map_structure(lambda leaf, i=member: leaf[i], got)
        assert_same(mine, call_all(methods, alone, state))


@pytest.mark.parametrize("name", ["pcgrad", "cagrad", "upgrad", "sdmgrad"])
def test_the_program_does_not_grow_with_the_tasks(name):
    def operations(tasks_count):
        method = make(name)
        state = method.initial_state(tasks_count)
        shape = tf.TensorSpec((tasks_count, tasks_count))
        graph = tf.function(lambda g: method(g, state)).get_concrete_function(shape)
        functions = graph.graph.as_graph_def().library.function
        return sum(len(f.node_def) for f in functions) + len(
            graph.graph.get_operations()
        )

    # Large constants are written as one more operation that fills them.
    assert operations(40) <= operations(5) + 4


@pytest.mark.parametrize("name", ["mgda", "pcgrad", "cagrad", "upgrad", "dualproj"])
def test_a_hundred_tasks(name):
    jacobian = random_jacobian(0, 100, 150, conflict=0.8)
    method = make(name)
    state = method.initial_state(100)
    compiled = tf.function(lambda g: method(g, state)[0])
    single = jacobian.astype("float32")
    exact = compiled(tf.constant(jacobian @ jacobian.T)).numpy() @ jacobian
    update = compiled(tf.constant(single @ single.T)).numpy() @ jacobian
    np.testing.assert_allclose(update, exact, rtol=0, atol=1e-3 * np.linalg.norm(exact))
    if name != "pcgrad":
        products = jacobian @ exact / np.linalg.norm(jacobian, axis=1)
        lowest = {"cagrad": (jacobian @ jacobian.mean(axis=0)).min()}.get(name, 0.0)
        assert products.min() >= lowest - 1e-7 * np.linalg.norm(exact)
    equal = np.tile(jacobian[:1], (100, 1))
    weights = compiled(tf.constant(equal @ equal.T)).numpy()
    np.testing.assert_allclose(weights @ equal, 100 * equal[0], rtol=1e-6)


@pytest.mark.parametrize("name", keras_mtl.weighting.names())
def test_a_saved_state_goes_on_as_if_nothing_had_happened(name):
    kind = make(name, TASKS).kind
    methods, state = states([name])
    whole = call_all(methods, problem(1, kind), state)
    middle = {key: np.array(value) for key, value in whole[name][1].items()}
    for key, value in state[name].items():
        assert middle[key].dtype == value.dtype, key
        assert middle[key].shape == value.shape, key

    expected = call_all(methods, problem(2, kind), {name: whole[name][1]})
    anew, _ = states([name])
    assert_same(call_all(anew, problem(2, kind), {name: middle}), expected)


@pytest.mark.parametrize("name", keras_mtl.weighting.names())
def test_a_call_leaves_its_state_alone(name):
    methods, state = states([name])
    before = {key: np.array(value) for key, value in state[name].items()}
    call_all(methods, problem(1, methods[name].kind), state)
    for key, value in before.items():
        np.testing.assert_array_equal(state[name][key], value)
