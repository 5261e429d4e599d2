"""Picture of the page of a report, for the documentation.

    python -m keras_mtl.evaluate
    python -m benchmarks.page_picture evaluations/heart_disease/report.html \\
        docs/images/evaluation_report.png

The command needs Chromium.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

__all__ = ["main", "take_picture"]

COLORS = 128
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def take_picture(page: Path, path: Path, width: int, height: int) -> None:
    """Write the top of a page as PNG.

    Args:
        page: The file of the page.
        path: The PNG file.
        width: The width of the window, in pixels.
        height: The height of the picture, in pixels.

    Raises:
        FileNotFoundError: If Chromium is not installed or does not write a picture.
    """
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise FileNotFoundError(f"Expected one of {', '.join(BROWSERS)}. Found none.")
    with tempfile.TemporaryDirectory() as profile:
        written = Path(profile, "page.png")
        subprocess.run(
            [
                browser,
                *("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
                f"--user-data-dir={profile}",
                f"--window-size={width},{height}",
                f"--screenshot={written}",
                page.resolve().as_uri(),
            ],
            check=True,
            timeout=120,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        # A plain page with text needs few colors, which make the file three times
        # smaller.
        Image.open(written).convert("RGB").quantize(COLORS).save(path, optimize=True)


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page_picture")
    parser.add_argument("page", type=Path, help="a report.html")
    parser.add_argument("picture", type=Path, help="the PNG file to write")
    parser.add_argument("--width", type=int, default=1000, help="in pixels")
    parser.add_argument("--height", type=int, default=2320, help="in pixels")
    given = parser.parse_args(argv)
    if not given.page.is_file():
        parser.error(f"{given.page}: expected the file of a report. Found none.")
    try:
        take_picture(given.page, given.picture, given.width, given.height)
    except FileNotFoundError as error:
        parser.error(str(error))
    return 0


if __name__ == "__main__":
    sys.exit(main())
