"""`make docs`: copies the pages, writes the generated pages, and runs Sphinx.

The pages have the same paths as in the repository. A link between pages therefore works
both on GitHub and in the site.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from sphinx.cmd.build import main as sphinx

from website.api_pages import api_pages
from website.check_links import broken_links
from website.commands_page import commands_page
from website.settings_page import settings_page

__all__ = ["build_site", "lay_out"]

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "build" / "site-source"
SITE = ROOT / "build" / "site"

# The pages of the repository, and the files that they link to.
PAGES = (
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "docs/*.md",
    "docs/images/*",
    "data/*.md",
    "benchmarks/*.md",
    "examples/*",
)
# Folders that the build fills.
GENERATED = {"gallery", "reference"}


def lay_out(source: Path) -> None:
    """Copy the pages and write the generated ones.

    Args:
        source: The folder that Sphinx reads. Old pages of an earlier build are
            removed.
    """
    wanted = {
        path.relative_to(ROOT): path
        for pattern in PAGES
        for path in ROOT.glob(pattern)
        if path.is_file()
    }
    wanted |= {
        path.relative_to(ROOT / "website"): path
        for pattern in ("*.md", "_static/*")
        for path in (ROOT / "website").glob(pattern)
    }
    for path in source.rglob("*.md"):
        place = path.relative_to(source)
        if place not in wanted and place.parts[0] not in GENERATED:
            path.unlink()
    for place, path in wanted.items():
        (source / place).parent.mkdir(parents=True, exist_ok=True)
        # With the time of the file: Sphinx reads only changed files again.
        shutil.copy2(path, source / place)
    for name, text in _generated().items():
        path = source / "reference" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")


def _generated() -> dict[str, str]:
    """Return the generated pages by their paths in the reference."""
    return {
        "commands.md": commands_page(),
        "settings.md": settings_page(),
        **{f"api/{name}": text for name, text in api_pages().items()},
    }


def build_site(source: Path, site: Path) -> int:
    """Build the site and check its links.

    Args:
        source: The folder that Sphinx reads.
        site: The folder of the site.

    Returns:
        The exit status.
    """
    lay_out(source)
    config = str(Path(__file__).parent)
    status = sphinx(
        ["-b", "html", "-W", "--keep-going", "-q", "-c", config, str(source), str(site)]
    )
    if status:
        # Otherwise a page with a warning would count as read, and pass the next time.
        shutil.rmtree(site / ".doctrees", ignore_errors=True)
        return status
    broken = broken_links(site)
    print(*broken, sep="\n", end="\n" if broken else "")
    if not broken:
        print(f"The site is in {site / 'index.html'}")
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(build_site(SOURCE, SITE))
