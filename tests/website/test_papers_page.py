"""docs/papers.md names every weighting and architecture."""

import re
from pathlib import Path

import pytest

from keras_mtl.architectures.registry import ARCHITECTURES
from keras_mtl.weighting.registry import WEIGHTINGS

PAGE = (Path(__file__).parents[2] / "docs" / "papers.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("heading", "registry"),
    [("Weightings", WEIGHTINGS), ("Architectures", ARCHITECTURES)],
)
def test_every_name_that_can_be_chosen_has_a_row(heading, registry):
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (`[^|]+) \|", section, flags=re.MULTILINE)[1:]
    named = [name for cell in cells for name in re.findall("`([^`]+)`", cell)]
    assert sorted(named) == sorted(registry.builtin)
