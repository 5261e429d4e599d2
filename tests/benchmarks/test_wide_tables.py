"""The benchmark of wide tables measures what it says."""

import pandas as pd
import pytest

from benchmarks.wide_tables import main, write_rows


def test_a_table_is_as_wide_as_asked_and_its_label_can_be_learned(tmp_path):
    write_rows(tmp_path / "rows.csv", columns=40, rows=500)
    frame = pd.read_csv(tmp_path / "rows.csv")
    assert frame.shape == (500, 41)
    correlations = frame.drop(columns="y").corrwith(frame["y"])
    assert correlations.iloc[:10].min() > 0.05
    assert correlations.iloc[10:].abs().mean() < 0.1


@pytest.mark.slow
def test_it_prints_the_seconds_of_each_part(capfd):
    assert main(["--columns", "4,12", "--rows", "60"]) == 0
    lines = capfd.readouterr().out.splitlines()
    rows = [
        [cell.strip() for cell in line.split("│")[1:-1]]
        for line in lines
        if line.startswith("│")
    ]
    assert [row[0] for row in rows] == ["4", "12"]
    for row in rows:
        read, fit, export, total = map(float, row[1:5])
        assert 0 <= read + fit + export <= total + 0.2
    assert rows[0][5] == ""
    assert float(rows[1][5]) < 1
