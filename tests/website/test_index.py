"""Every page for users is in the index of the site."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_page_is_in_the_index_once():
    index = (ROOT / "website" / "index.md").read_text("utf-8")
    trees = "\n".join(re.findall(r"```\{toctree\}\n(.*?)```", index, flags=re.DOTALL))
    listed = re.findall(r"^docs/([\w-]+)$", trees, flags=re.MULTILINE)
    pages = sorted(path.stem for path in (ROOT / "docs").glob("*.md"))
    assert sorted(listed) == pages
