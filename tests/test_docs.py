"""The Python that the pages show runs, with what their text says is there."""

import re
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_mtl as km

DOCS = Path(__file__).parents[1] / "docs"
# docs/extending.md and docs/statistics.md have tests of their own.
PAGES = (
    "activations",
    "architectures",
    "auxiliary",
    "evaluation",
    "no-network",
    "python",
    "training",
    "transfer",
)


def python_blocks(page):
    text = (DOCS / f"{page}.md").read_text("utf-8")
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


def test_no_page_with_python_is_left_out():
    shown = {path.stem for path in DOCS.glob("*.md") if python_blocks(path.stem)}
    assert shown == {*PAGES, "extending", "statistics"}


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_the_python_of_a_page_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    x = np.random.default_rng(0).normal(size=(32, 4)).astype("float32")
    y = {"sick": (x[:, 0] > 0).astype("float32")}
    model = km.build_hard_sharing(4, [km.BinaryTask("sick")], trunk=(4,))
    model.compile("adam")
    # What a fragment takes for granted: a compiled model and its rows.
    given = {"keras": keras, "model": model, "x": x, "y": y}
    given["batches"] = tf.data.Dataset.from_tensor_slices((x, y)).batch(16)
    for code in python_blocks(page):
        exec(compile(code, f"{page}.md", "exec"), given)
