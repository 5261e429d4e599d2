"""The picture of a page is as large as asked for, and shows the page."""

import pytest
from matplotlib.image import imread

from benchmarks.page_picture import BROWSERS, main
from keras_mtl.report import Paragraph, Report, Section, write_report

from ..report.browser import find_browser


@pytest.mark.slow
@pytest.mark.skipif(find_browser() is None, reason="no Chromium is installed")
def test_a_picture_shows_the_top_of_the_page(tmp_path):
    page = Report("Title", "Summary.", [Section("Data", [Paragraph("words " * 200)])])
    write_report(tmp_path, page)
    picture = tmp_path / "page.png"
    flags = ["--width", "600", "--height", "300"]
    assert main([str(tmp_path / "report.html"), str(picture), *flags]) == 0
    pixels = imread(picture)
    assert pixels.shape[:2] == (300, 600)
    assert pixels[..., :3].std() > 0.05


def test_a_page_that_is_not_there_is_an_error(tmp_path, capsys):
    with pytest.raises(SystemExit) as raised:
        main([str(tmp_path / "report.html"), str(tmp_path / "page.png")])
    assert raised.value.code == 2
    assert "expected the file of a report" in capsys.readouterr().err


def test_a_machine_without_a_browser_says_which_it_looked_for(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "report.html").write_text("")
    with pytest.raises(SystemExit):
        main([str(tmp_path / "report.html"), str(tmp_path / "page.png")])
    assert BROWSERS[0] in capsys.readouterr().err
