"""Messages written for the commands name the arguments of a function for scripts."""

import ast
import shlex
from pathlib import Path

import pytest

import keras_mtl
from keras_mtl.configuration.command_line import Flag
from keras_mtl.configuration.fit_flags import FLAGS
from keras_mtl.configuration.script_spelling import script_spelling

SPELL = script_spelling(
    {"output.folder": "folder", "resume": "resume"},
    (Flag("--by", "by", "", "repeat"), Flag("--folds", "folds", "")),
)
QUOTED = """Peter's "best" (1)"""
PACKAGE = Path(keras_mtl.__file__).parent


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("(--drop 'my age').", '(inputs={"drop": ["my age"]}).'),
        (f"({'--drop ' + shlex.quote(QUOTED)})", f"(inputs={{'drop': [{QUOTED!r}]}})"),
        ("--drop it's (not closed)", "inputs={'drop': [\"it's\"]} (not closed)"),
        ("(--drop=-x)", '(inputs={"drop": ["-x"]})'),
        ("Set it (--input-dropout 0.2).", 'Set it (model={"input_dropout": 0.2}).'),
        (
            "Set it, such as --coverage 0.9.",
            'Set it, such as training={"coverage": 0.9}.',
        ),
        ("(--no-detect-groups)", '(data={"detect_groups": False})'),
        ("--trunk 32,64", 'model={"trunk": [32, 64]}'),
        ("(--missing=-9)", '(data={"missing": ["-9"]})'),
        ("--missing-value chol=0", 'inputs={"missing_values": {"chol": [0]}}'),
        ("--class-weight a=balanced", 'training={"class_weights": {"a": "balanced"}}'),
        ("--threshold a=0.5.", 'tasks=[{"name": "a", "threshold": 0.5, ...}].'),
        ("such as --task churn:binary.", 'such as tasks=["churn:binary"].'),
        ("--task: expected a kind.", "tasks: expected a kind."),
        ("--by age: expected", 'by=["age"]: expected'),
        ("--by age:40,60.", 'by=["age:40,60"].'),
        ("fewer folds (--folds).", "fewer folds (folds)."),
        (
            "(--feature 'my age:date:format=iso' or another format)",
            '(features=[{"kind": "date", "name": "my_age", "column": "my age", '
            '"format": "iso"}] or another format)',
        ),
        ("with --out, or replace", "with folder, or replace"),
        ("--resume continues it", "resume=True continues it"),
        ("a lower --coverage or more", "a lower training.coverage or more"),
        # No flags of a function, and a command to run.
        ("--import MODULE, --foo-drop x", "--import MODULE, --foo-drop x"),
        (
            "with python -m keras_mtl.fit --out a.",
            "with python -m keras_mtl.fit --out a.",
        ),
    ],
)
def test_a_flag_is_written_as_an_argument(message, expected):
    assert SPELL(message) == expected
    assert SPELL(SPELL(message)) == expected


def test_an_estimator_nests_what_is_not_its_own_parameter():
    spell = script_spelling({"training.epochs": "epochs"}, settings="settings")
    assert spell("--epochs 3 or --drop a") == (
        'epochs=3 or settings={"inputs": {"drop": ["a"]}}'
    )
    assert spell("training.epochs: expected\na training.epochs.x") == (
        "epochs: expected\na epochs.x"
    )
    assert spell("Raise --coverage or --head") == (
        "Raise settings.training.coverage or settings.tasks.widths"
    )


def test_no_message_of_the_package_keeps_a_flag_of_a_fit():
    names = [flag.name for flag in FLAGS if flag.key != "import"]
    texts = {
        node.value
        for room in ("tables", "features", "runs", "configuration", "architectures")
        for path in (PACKAGE / room).rglob("*.py")
        if path.name not in ("fit_flags.py", "command_line.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    written = [text for text in texts if any(name in text for name in names)]
    assert len(written) > 30
    for text in written:
        left = [word for word in SPELL(text).split() if word.strip("(.,;:)") in names]
        assert not left or "python -m keras_mtl" in text, text
