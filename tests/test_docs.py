"""The Python code of the pages runs, and the flags and settings in them exist."""

import re
import shlex
import tomllib
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_mtl as km
from keras_mtl import activations, evaluate, export, fit, predict
from keras_mtl.configuration import build_config
from tuning.search_settings import build_search_settings

DOCS = Path(__file__).parents[1] / "docs"
# docs/extending.md and docs/statistics.md have their own tests.
PAGES = (
    "activations",
    "architectures",
    "auxiliary",
    "data",
    "evaluation",
    "members",
    "no-network",
    "python",
    "start",
    "training",
    "transfer",
)


def python_blocks(page):
    text = (DOCS / f"{page}.md").read_text("utf-8")
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


def test_no_page_with_python_is_left_out():
    shown = {path.stem for path in DOCS.glob("*.md") if python_blocks(path.stem)}
    assert shown == {*PAGES, "extending", "statistics"}


def commands(page):
    """Yield the words of each command of a page, with flags without values."""
    for language, text in re.findall(
        r"^```(\w*)\n(.*?)^```", page.read_text("utf-8"), re.DOTALL | re.MULTILINE
    ):
        if language in {"", "sh"}:
            for line in text.replace("\\\n", " ").splitlines():
                if line.startswith("python -m keras_mtl."):
                    yield [
                        word.partition("=")[0] if word.startswith("--") else word
                        for word in shlex.split(line, comments=True)
                    ]


def test_the_commands_have_the_flags_shown():
    known = {
        module.__name__: {flag.name for flag in module.FLAGS}
        for module in (activations, evaluate, export, fit, predict)
    }
    shown = [
        (page.name, words) for page in DOCS.glob("*.md") for words in commands(page)
    ]
    wrong = [
        (page, *words[2:3], flag)
        for page, words in shown
        for flag in words[3:]
        if flag.startswith("--") and flag.replace("--no-", "--") not in known[words[2]]
    ]
    assert len(shown) > 30
    assert wrong == []


def test_toml_has_keys_that_are_known():
    wrong = []
    for page in DOCS.glob("*.md"):
        blocks = re.findall(
            r"^```toml\n(.*?)^```", page.read_text("utf-8"), re.S | re.M
        )
        # docs/extending.md has its own names and a pyproject.toml.
        for text in blocks if page.stem != "extending" else ():
            values = tomllib.loads(text)
            try:
                build_search_settings(values.pop("search", {}))
                build_config(values)
            except km.UserError as error:
                wrong += [f"{page.name}: {message}" for message in error.messages]
    assert wrong == []


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_the_python_of_a_page_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    x = np.random.default_rng(0).normal(size=(32, 4)).astype("float32")
    y = {"sick": (x[:, 0] > 0).astype("float32")}
    model = km.build_hard_sharing(4, [km.BinaryTask("sick")], trunk=(4,))
    model.compile("adam")
    # The names that a fragment uses: a compiled model and its rows.
    given = {"keras": keras, "model": model, "x": x, "y": y}
    given["batches"] = tf.data.Dataset.from_tensor_slices((x, y)).batch(16)
    for code in python_blocks(page):
        exec(compile(code, f"{page}.md", "exec"), given)
