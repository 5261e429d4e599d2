"""A fit of a table of persons and years does not hold known persons out."""

import numpy as np
import pandas as pd

from keras_mtl.fit import main as fit_command

PERSONS, YEARS = 60, 5


def test_the_command_keeps_runs_of_rows_together_and_can_be_told_not_to(
    tmp_path, capsys
):
    generator = np.random.default_rng(0)
    answers = generator.integers(0, 9, (PERSONS, 6)).repeat(YEARS, axis=0)
    frame = pd.DataFrame(answers, columns=[*"abcdef"])
    person = np.arange(len(frame)) // YEARS
    frame = frame.assign(x=generator.normal(size=len(frame)).round(4), y=person % 2)
    frame.to_csv(tmp_path / "rows.csv", index=False)
    argv = ["--data", f"{tmp_path}/rows.csv", "--task", "y:binary", "--quiet"]
    argv += ["--members", "1", "--epochs", "1"]

    def held_out(name, *flags):
        assert fit_command([*argv, "--out", f"{tmp_path}/{name}", *flags]) == 0
        rows = pd.read_csv(tmp_path / name / "predictions.csv")["row"].to_numpy()
        return np.bincount(person[rows], minlength=PERSONS)

    # A person is held out with all years or with none.
    assert set(held_out("together")) == {0, YEARS}
    error = capsys.readouterr().err
    assert f"The {PERSONS} runs of such rows" in error, error
    assert not set(held_out("apart", "--no-detect-groups")) <= {0, YEARS}
    assert "runs of such rows" not in capsys.readouterr().err
    settings = (tmp_path / "apart" / "config.toml").read_text("utf-8")
    assert "detect_groups = false" in settings
