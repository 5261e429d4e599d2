"""A weighting and an architecture in TOML, by flags, and in what is written."""

import json
import tomllib
from typing import Annotated

import pytest
import tomli_w
from pydantic import Field

import keras_mtl as km
from keras_mtl.architectures import ARCHITECTURES
from keras_mtl.configuration import build_config, config_values
from keras_mtl.configuration.flag_values import nest_flags
from keras_mtl.errors import UserError
from keras_mtl.fit import main
from keras_mtl.runs.resume import require_same_settings


def weighting_of(*layers):
    return build_config(*layers).training.weighting.to_plain()


def in_toml(text):
    return tomllib.loads(text)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("[training]\nweighting = 'pcgrad'", "pcgrad"),
        ("[training.weighting]\nname = 'pcgrad'", "pcgrad"),
        ("[training]\nweighting = 'cagrad:c=0.4'", {"name": "cagrad", "c": 0.4}),
        (
            "[training.weighting]\nname = 'cagrad'\nc = 0.4",
            {"name": "cagrad", "c": 0.4},
        ),
        (
            "[training.weighting]\nname = 'stch'\npreference = [1, 2]",
            {"name": "stch", "preference": [1.0, 2.0]},
        ),
    ],
)
def test_a_name_and_a_table_are_read_and_written(text, plain):
    config = build_config(in_toml(text))
    assert config.training.weighting.to_plain() == plain
    again = tomllib.loads(tomli_w.dumps(config_values(config)))
    assert again["training"]["weighting"] == plain
    assert build_config(again) == config


def test_a_flag_wins_over_a_table_and_takes_none_of_its_settings():
    file = in_toml("[training.weighting]\nname = 'cagrad'\nc = 0.4")
    flags = nest_flags({"training.weighting": "dwa:temperature=3"}, file, [])
    assert weighting_of(file, flags) == {"name": "dwa", "temperature": 3.0}
    flags = nest_flags({"training.weighting": "cagrad"}, file, [])
    assert weighting_of(file, flags) == "cagrad"
    own = in_toml("[training.weighting]\nname = 'dwa'")
    assert weighting_of(file, own) == "dwa"


@pytest.mark.parametrize(
    ("value", "part"),
    [
        ("pcgard", "training.weighting: expected one of sum, mean,"),
        ("pcgard", "Did you mean 'pcgrad'?"),
        ({"c": 1}, "training.weighting: expected a table with a name"),
        (3, "training.weighting: expected a name, or a table with a name; received 3."),
        ("cagrad:0.4", "training.weighting: expected NAME or NAME:SETTING=VALUE"),
        ({"name": "cagrad", "c": []}, "training.weighting.c: expected a valid number"),
    ],
)
def test_a_wrong_choice_is_one_message(value, part):
    with pytest.raises(UserError) as error:
        build_config({"training": {"weighting": value}})
    (message,) = error.value.messages
    assert part in message


def test_resume_compares_settings_one_by_one():
    def plain(weighting):
        config = build_config({"training": {"weighting": weighting}})
        return json.loads(json.dumps(config_values(config)))

    require_same_settings(plain("cagrad:c=0.4"), plain({"name": "cagrad", "c": 0.4}))
    with pytest.raises(UserError) as error:
        require_same_settings(plain("cagrad:c=0.4"), plain("cagrad:c=0.5"))
    assert error.value.messages[0] == (
        "training.weighting.c: --resume continues the run's own setting, 0.4; "
        "received 0.5."
    )


def test_errors_of_the_command_are_told_together_without_keras(run_python, tmp_path):
    done = run_python(
        "-m",
        "keras_mtl.fit",
        "--weighting=cagrad:d=1",
        "--architecture=hard-shairing",
        "--import=no_such_module",
        "--import=x.py",
        "--feature=age",
        "--feature=age:numerc",
        cwd=tmp_path,
        shadowed=True,
    )
    assert done.returncode == 2
    for part in (
        "training.weighting.d: unknown setting. Known here: c, scale.",
        f"model.architecture: expected one of {', '.join(ARCHITECTURES)}; received "
        "'hard-shairing'. "
        "Did you mean 'hard-sharing'?",
        "--import: module 'no_such_module' could not be imported: ModuleNotFoundError",
        "--import: expected the name of a Python module",
        "--feature: expected COLUMN:KIND",
    ):
        assert f"error: {part}" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_file_makes_nothing_be_imported(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own_module.py").write_text("raise SystemExit('imported')")
    (tmp_path / "a.toml").write_text(
        "import = ['own_module']\n[training]\nweighting = 'own_module'\n"
        "[[tasks]]\nkind = 'own_module'\nname = 'a'\n"
    )
    assert main(["--config", "a.toml"]) == 2
    errors = capsys.readouterr().err
    assert "import: unknown setting." in errors
    assert "expected a task's kind among" in errors
    assert "import that module first: --import MODULE" in errors
    assert "imported:" not in errors


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("age:numeric", {"kind": "numeric", "name": "age"}),
        (
            "blood pressure:numeric:missing_values=0,-9",
            {
                "kind": "numeric",
                "name": "blood_pressure",
                "column": "blood pressure",
                "missing_values": ["0", "-9"],
            },
        ),
        ("a:b:boolean", {"kind": "boolean", "name": "a_b", "column": "a:b"}),
        ("x:unheard", {"kind": "unheard", "name": "x"}),
    ],
)
def test_features_are_declared_by_flags(text, fields):
    errors = []
    assert nest_flags({"features": [text]}, {}, errors) == {"features": [fields]}
    assert errors == []


def test_a_features_flag_is_checked_like_its_table():
    flags = nest_flags(
        {"features": ["age:numeric:mising_values=0", "b:unheard"]}, {}, []
    )
    with pytest.raises(UserError) as error:
        build_config(flags)
    text = "\n".join(error.value.messages)
    assert "features[age].mising_values: unknown setting. Did you mean" in text
    assert "features[b]: expected a feature's kind among numeric," in text


def test_a_kind_from_outside_parses_its_own_flag():
    @km.register_task_kind("ranked")
    @km.declaration
    class RankedTask(km.RegressionTask):
        best: Annotated[int, Field(ge=1)] = 1

        @classmethod
        def parse_column(cls, name, column):
            column, _, best = column.partition("@")
            return {"column": column or name, "best": best}

    flags = nest_flags({"tasks": ["place:ranked:rank@3"]}, {}, [])
    (task,) = build_config({"data": {"path": "a.csv"}}, flags).tasks
    assert task.replace(widths=()) == RankedTask("place", column="rank", best=3)
    flags = nest_flags({"tasks": ["place:ranked:rank@0"]}, {}, [])
    with pytest.raises(UserError, match=r"tasks\[place\]\.best: expected greater"):
        build_config({"data": {"path": "a.csv"}}, flags)


def test_errors_in_settings_load_nothing_heavy(run_python, tmp_path):
    code = (
        "import sys; from keras_mtl.fit import main\n"
        "status = main(['--weighting', 'cagrad:c=-1', '--task', 'a:unheard'])\n"
        "heavy = {'pandas', 'keras', 'tensorflow', 'sklearn', 'matplotlib'}\n"
        "sys.exit(sorted(heavy & {*sys.modules}) or status)"
    )
    done = run_python("-c", code, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert "training.weighting.c: expected" in done.stderr
    assert "tasks[a]: expected a task's kind among" in done.stderr
