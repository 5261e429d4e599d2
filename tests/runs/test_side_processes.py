"""Plots are drawn, in whichever process can draw them."""

import numpy as np
import pytest

from keras_mtl._core.side_process import SideProcess
from keras_mtl.runs.side_processes import draw_beside
from keras_mtl.tasks import RegressionTask

HISTORY = {"cost_loss": np.array([1.0, 0.5])}
LABELS = {"cost": np.arange(5.0)}
OUTPUTS = {"cost": np.arange(5.0)[:, None]}
PLOTS = ["cost_learning_curve.png", "cost_predicted.png"]


@pytest.fixture
def here(monkeypatch):
    """The folders of the plots that this process draws."""
    from keras_mtl.report import plots

    drawn = []
    write = plots.write_plots

    def write_and_note(folder, *values):
        drawn.append(folder)
        write(folder, *values)

    monkeypatch.setattr(plots, "write_plots", write_and_note)
    return drawn


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_plots_are_drawn_by_the_other_process(tmp_path, here):
    folder = tmp_path / "plots"
    with SideProcess() as painter:
        with draw_beside(
            painter, folder, (RegressionTask("cost"),), HISTORY, LABELS, OUTPUTS
        ):
            pass
        assert names(folder) == PLOTS
    assert here == []


def test_a_task_that_only_this_process_knows_is_drawn_here(tmp_path, here):
    class Unknown(RegressionTask):
        pass

    folder = tmp_path / "plots"
    with (
        SideProcess() as painter,
        draw_beside(painter, folder, (Unknown("cost"),), HISTORY, LABELS, OUTPUTS),
    ):
        pass
    assert here == [folder]
    assert names(folder) == PLOTS


def test_what_fails_there_fails_here(tmp_path):
    with (
        SideProcess() as painter,
        pytest.raises(KeyError, match="cost"),
        draw_beside(
            painter, tmp_path / "plots", (RegressionTask("cost"),), HISTORY, {}, {}
        ),
    ):
        pass
