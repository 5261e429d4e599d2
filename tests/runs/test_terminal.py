"""What a person sees of a run: warnings once, losses now and then, no noise."""

import os
import warnings

import pytest

from keras_mtl.errors import DataWarning
from keras_mtl.runs.terminal import Terminal


def test_a_warning_of_the_data_is_one_line_told_once(capsys):
    with Terminal().warnings():
        for _ in range(2):
            warnings.warn("a.csv: [dropped] 'x'", DataWarning, stacklevel=1)
    assert capsys.readouterr().err == "warning: a.csv: [dropped] 'x'\n"


def test_other_warnings_stay_warnings():
    with pytest.warns(RuntimeWarning, match="other"), Terminal().warnings():
        warnings.warn("other", RuntimeWarning, stacklevel=1)


@pytest.mark.parametrize("quiet", [False, True])
def test_losses_are_told_every_ten_epochs_without_a_terminal(capsys, quiet):
    with Terminal(quiet).progress(25) as on_epoch:
        for epoch in range(1, 26):
            on_epoch(epoch, {"heart_loss": 0.5, "thal_loss": 1.25, "val_auc": 1.0})
    told = capsys.readouterr().out.splitlines()
    assert told == (
        []
        if quiet
        else [
            "epoch 10: heart_loss 0.5000  thal_loss 1.2500",
            "epoch 20: heart_loss 0.5000  thal_loss 1.2500",
        ]
    )


def test_noise_while_loading_is_kept_unless_it_fails(capfd):
    with Terminal(quiet=True).loading():
        os.write(2, b"noise\n")
    assert capfd.readouterr().err == ""
    with pytest.raises(ImportError):
        _fail_to_load()
    assert capfd.readouterr().err == "the reason\n"


def _fail_to_load():
    with Terminal(quiet=True).loading():
        os.write(2, b"the reason\n")
        raise ImportError
