"""Flags become settings; errors in them are gathered, not raised one by one."""

import importlib

import pytest

from keras_mtl.configuration.command_line import Flag, run_command
from keras_mtl.configuration.flag_values import nest_flags
from keras_mtl.errors import UserError

FLAGS = (
    Flag("--epochs", "training.epochs", "Epochs."),
    Flag("--trunk", "model.trunk", "Widths.", form="list"),
    Flag("--task", "tasks", "A task.", form="repeat"),
    Flag("--head", "head_widths", "Widths.", form="entry", metavar="TASK=WIDTHS"),
    Flag("--quiet", "quiet", "Say nothing.", form="switch"),
)


def run(*argv, action=None, arguments=()):
    seen = {}

    def keep(values, errors):
        seen.update(values)
        if errors:
            raise UserError(*errors)

    status = run_command(
        "command", "Does it.", FLAGS, action or keep, arguments, list(argv)
    )
    return status, seen


def test_values_come_by_their_keys_and_in_their_form():
    status, values = run(
        *("--epochs", "5", "--trunk=8, 4,", "--task", "a:binary", "--task", "b:binary"),
        *("--head", "a=3,4", "--no-quiet"),
    )
    assert status == 0
    assert values == {
        "training.epochs": "5",
        "model.trunk": ["8", "4"],
        "tasks": ["a:binary", "b:binary"],
        "head_widths": {"a": "3,4"},
        "quiet": False,
    }


def test_flags_not_given_are_left_out():
    assert run() == (0, {})


def test_all_mistakes_are_told_with_exit_status_2(capsys):
    status, _ = run("--epoch", "5", "--head", "x", "stray", "--trnk=3")
    error = capsys.readouterr().err
    assert status == 2
    assert error.splitlines() == [
        "error: --epoch: no such flag. Did you mean '--epochs'? See --help.",
        "error: 'stray': unexpected argument. See --help.",
        "error: --trnk: no such flag. Did you mean '--trunk'? See --help.",
        "error: --head: expected TASK=WIDTHS; received 'x'.",
    ]


def test_an_absent_argument_and_an_absent_value_are_mistakes(capsys):
    assert run("a", arguments=("RUN", "ROWS"))[0] == 2
    assert "ROWS: expected a value; received none." in capsys.readouterr().err
    assert run("--epochs")[0] == 2
    assert "--epochs" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("raised", "status", "told"),
    [
        (UserError("a", "b"), 2, "error: a\nerror: b\n"),
        (KeyboardInterrupt(), 1, "stopped\n"),
        (ZeroDivisionError("x"), 1, "Traceback"),
    ],
)
def test_the_exit_status_says_whose_mistake_it_was(capsys, raised, status, told):
    def action(values, errors):
        raise raised

    assert run(action=action)[0] == status
    assert told in capsys.readouterr().err


def test_flags_nest_like_a_file():
    errors = []
    nested = nest_flags(
        {
            "seed": "3",
            "inputs.missing_values": {"chol": "0,-9"},
            "tasks": ["a:binary", "b:regression"],
            "head_widths": {"a": "3,4"},
            "loss_weights": {"b": "2"},
        },
        {},
        errors,
    )
    assert errors == []
    assert nested == {
        "seed": "3",
        "inputs": {"missing_values": {"chol": ["0", "-9"]}},
        "tasks": [
            {"kind": "binary", "name": "a", "widths": ["3", "4"]},
            {"kind": "regression", "name": "b", "loss_weight": "2"},
        ],
    }


def test_heads_are_laid_on_the_tasks_of_the_file_or_the_embedded_data():
    file = {"tasks": [{"kind": "binary", "name": "churn"}]}
    for below, name in ((file, "churn"), ({}, "heart")):
        errors = []
        nested = nest_flags({"head_widths": {name: "7"}}, below, errors)
        assert errors == []
        assert {"7"} in [set(task.get("widths", ())) for task in nested["tasks"]]
    errors = []
    nest_flags({"head_widths": {"heat": "7"}}, {}, errors)
    assert "Did you mean 'heart'?" in errors[0]


@pytest.mark.parametrize(
    "module",
    [
        "keras_mtl.fit",
        "keras_mtl.predict",
        "keras_mtl.export",
        "keras_mtl.activations",
        "tuning.__main__",
    ],
)
def test_the_help_of_a_flag_is_a_sentence_that_stands_alone(module):
    for flag in importlib.import_module(module).FLAGS:
        verb, _, rest = flag.help.partition(" ")
        # An imperative, and no remainder of the flag's own name.
        assert verb[0].isupper(), flag.name
        assert len(rest.split()) >= 3 or flag.form == "switch", flag.name
        assert flag.help.endswith((".", "...")), flag.name
        assert verb not in {"The", "A", "Of", "At", "How", "Which", "What"}, flag.name
