import numpy as np
import pytest
from matplotlib.figure import Figure

from keras_mtl.analysis import conflict_columns
from keras_mtl.report import write_conflict_plot
from keras_mtl.report.conflict_plot import conflict_figure
from keras_mtl.report.figures import svg_figure


def _history(names, shape, seed=0):
    generator = np.random.default_rng(seed)
    history = {name: generator.normal(size=shape) for name in conflict_columns(names)}
    for name in names:
        history[f"{name}_gradient_norm"] = np.abs(history[f"{name}_gradient_norm"])
    return history


@pytest.fixture
def drawn(monkeypatch):
    """The figures that were written."""
    figures = []
    monkeypatch.setattr(
        Figure, "savefig", lambda figure, path: figures.append((figure, path))
    )
    return figures


def test_curves_are_the_means_over_members(tmp_path, drawn):
    history = _history(["one", "other"], (5, 3))
    history["one_other_cosine"][4, 1] = np.nan  # A member that has stopped.
    write_conflict_plot(tmp_path / "a.png", ["one", "other"], history)
    axes = drawn[0][0].axes
    assert [each.get_legend() is not None for each in axes] == [True] * 4
    curves = {line.get_label(): line for line in axes[0].lines}
    np.testing.assert_allclose(
        curves["one other"].get_ydata(), history["one_other_cosine"][:4].mean(axis=1)
    )
    weights = {line.get_label() for line in axes[3].lines}
    assert {"one", "other"} <= weights


def test_of_many_tasks_the_pairs_in_conflict_are_drawn(tmp_path, drawn):
    names = list("abcdefg")
    history = _history(names, (4,))
    history["c_f_cosine"] = np.full(4, -0.9)
    history["a_b_cosine"] = np.full(4, np.nan)
    write_conflict_plot(tmp_path / "a.png", names, history)
    labels = [text.get_text() for text in drawn[0][0].axes[0].get_legend().get_texts()]
    assert "c f" in labels
    assert "a b" not in labels
    assert len(labels) == 6


def test_nothing_is_written_where_nothing_was_watched(tmp_path):
    write_conflict_plot(tmp_path / "a.png", ["one", "other"], {"loss": np.ones(3)})
    write_conflict_plot(tmp_path / "a.png", ["one"], _history(["one"], (3,)))
    assert not list(tmp_path.iterdir())


def test_a_picture_is_written(tmp_path):
    path = tmp_path / "a.png"
    write_conflict_plot(path, ["one", "other"], _history(["one", "other"], (1, 1)))
    assert path.stat().st_size > 10_000


def test_norms_of_different_sizes_are_written_as_numbers():
    history = _history(["one", "other"], (5, 3))
    history["one_gradient_norm"] *= 1000
    figure = conflict_figure(["one", "other"], history)
    text = svg_figure(figure.size, figure.draw, "norms")
    assert "mathdefault" not in text
    assert ">100</text>" in text
