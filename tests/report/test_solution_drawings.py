"""Pictures of what kernels learned: which there are, and that they draw."""

import numpy as np
import pytest

from keras_mtl.architectures import Solution
from keras_mtl.report.deviation_section import deviation_section
from keras_mtl.report.figures import svg_figure
from keras_mtl.report.page_figures import PageFigures
from keras_mtl.report.solution_drawings import solution_drawings
from keras_mtl.report.solution_section import solution_section
from keras_mtl.tasks import BinaryTask, RegressionTask

PATH = {
    "strength": np.array([1.0, 0.1, 0.01]),
    "held_out_loss": np.array([0.9, 0.5, 0.7]),
    "standard_error": np.array([0.1, 0.1, 0.1]),
    "sick_held_out_loss": np.array([0.5, 0.3, 0.4]),
    "chosen": np.array([False, True, False]),
}
FACTS = {
    "length_scales": {"age": 2.0, "noise": 900.0},
    "variances": {
        "sick": {"shared": 1.0, "own": 0.5},
        "cost": {"shared": 1.0, "own": 0.5, "noise": 0.1},
    },
}


def kernel_solution(path=None, facts=None, covariance=None):
    return Solution(
        facts or {},
        (),
        ("sick", "cost"),
        np.zeros((0, 2)),
        path or {},
        task_covariance=covariance,
    )


@pytest.mark.parametrize(
    ("solution", "names"),
    [
        (kernel_solution(), set()),
        (kernel_solution(path=PATH), {"strength_path"}),
        (kernel_solution(facts=FACTS), {"length_scales"}),
        (kernel_solution(covariance=np.eye(2)), {"task_covariance"}),
        (None, set()),
    ],
)
def test_there_is_a_picture_of_each_thing_that_was_found(solution, names):
    found = solution_drawings(solution)
    assert set(found) == names
    for each in found.values():
        assert "<svg" in svg_figure(each.size, each.draw, "picture")


@pytest.mark.parametrize("last", [0.01, 0.3])
def test_strengths_are_written_as_numbers_and_not_as_formulas(last):
    path = {**PATH, "strength": np.array([1.0, 0.5, last])}
    drawing = solution_drawings(kernel_solution(path=path))["strength_path"]
    text = svg_figure(drawing.size, drawing.draw, "picture")
    assert "mathdefault" not in text
    assert ">1</text>" in text


def test_the_path_of_a_kernel_shows_the_loss_of_each_task():
    drawing = solution_drawings(kernel_solution(path=PATH))["strength_path"]
    text = svg_figure(drawing.size, drawing.draw, "picture")
    assert "held-out loss of each task" in text
    assert ">sick<" in text


def test_the_section_has_the_covariance_and_the_shortest_length_first():
    b = np.array([[1.5, -1.0], [-1.0, 2.0]])
    solution = kernel_solution(PATH, FACTS, b)
    (section,) = solution_section(solution, PageFigures())
    tables = {
        block.columns: block.rows for block in section.blocks if block.kind == "table"
    }
    assert tables["feature", "length scale"] == [("age", 2.0), ("noise", 900.0)]
    assert tables["output", "shared", "own", "noise"][0] == ("sick", 1.0, 0.5, None)
    assert tables["output", "sick", "cost"][0] == ("sick", 1.5, -1.0)


def test_the_variances_are_compared_with_what_intervals_hold():
    generator = np.random.default_rng(0)
    deviations = generator.uniform(1.0, 3.0, size=4000)
    outputs = np.column_stack([np.zeros(4000), deviations])
    labels = deviations * generator.normal(size=4000)
    labels[::4] = np.nan
    tasks = [RegressionTask("cost", has_deviations=True), BinaryTask("sick")]
    given = {"cost": outputs, "sick": np.full((4000, 1), 0.5)}
    truth = {"cost": labels, "sick": np.zeros(4000)}
    (section,) = deviation_section(tasks, truth, given)
    ((name, count, narrow, median, wide, *held),) = section.blocks[1].rows
    assert (name, count) == ("cost", 3000)
    assert narrow < median < wide
    np.testing.assert_allclose(held, [0.5, 0.8, 0.9, 0.95], atol=0.03)
    assert deviation_section(tasks[1:], truth, given) == []
