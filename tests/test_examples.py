"""The examples run and have the described results."""

import runpy
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"


def test_a_cnn_can_be_the_trunk():
    example = runpy.run_path(str(EXAMPLES / "image_trunk.py"))
    metrics = example["main"](epochs=8)
    assert metrics["digit_accuracy"] > 0.8
    assert metrics["even_auc"] > 0.95


@pytest.mark.slow
def test_a_trained_trunk_helps_a_new_task_with_few_labels():
    example = runpy.run_path(str(EXAMPLES / "transfer_digits.py"))
    accuracies = example["main"](epochs=8)
    anew = accuracies.pop("from the beginning")
    assert min(accuracies.values()) > anew
