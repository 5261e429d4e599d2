"""Tables for the terminal hold each number once."""

from rich.console import Console

from keras_mtl.features import CategoricalFeature, NumericFeature
from keras_mtl.report.tables import data_table, metrics_tables
from keras_mtl.tasks import BinaryTask, MultilabelTask


def text_of(*tables, width=120):
    console = Console(width=width, markup=False, emoji=False)
    with console.capture() as capture:
        for table in tables:
            console.print(table)
    return capture.get()


def test_measures_stand_under_their_names():
    metrics = {
        "heart": {"rows": 184, "accuracy": 0.8504, "auc": 0.9},
        "cost": {"rows": 90, "mae": 12.3456},
    }
    text = text_of(*metrics_tables(metrics, "Results", 120))
    assert "Results" in text
    (heart,) = [line for line in text.splitlines() if "heart" in line]
    (cost,) = [line for line in text.splitlines() if "cost" in line]
    assert [cell.strip() for cell in heart.split("│")][1:-1] == [
        *("heart", "184", "0.850", "0.900", "-")
    ]
    assert [cell.strip() for cell in cost.split("│")][1:-1] == [
        *("cost", "90", "-", "-", "12.346")
    ]


def test_a_narrow_terminal_shows_every_number_in_several_tables():
    names = ("rows", "accuracy", "balanced_accuracy", "auc", "log_loss", "brier")
    metrics = {
        task: {name: (index + 1) * scale for index, name in enumerate(names)}
        for task, scale in (("thal", 0.101), ("heart", 0.103))
    }
    tables = metrics_tables(metrics, "Results", 40)
    text = text_of(*tables, width=40)
    assert len(tables) > 1
    assert max(map(len, text.splitlines())) <= 40
    assert text.count("Results") == 1
    for row in metrics.values():
        for name in names[1:]:
            assert f"{row[name]:.3f}" in text


def test_names_are_shown_as_they_are_but_for_control_characters():
    features = [
        NumericFeature("flow", column="flow [/min]"),
        NumericFeature("clear", column="a\x1b[2Jb"),
    ]
    text = text_of(
        data_table([BinaryTask("heart", classes=("[/b]", ":ok:"))], features)
    )
    assert "flow [/min]" in text
    assert r"a\x1b[2Jb" in text
    assert ":ok:, or [/b]" in text


def test_what_is_predicted_from_what_is_told():
    text = text_of(
        data_table(
            [
                BinaryTask("heart", column="num", positive="> 0"),
                MultilabelTask("findings", labels=("fever", "cough")),
            ],
            [NumericFeature("chol", missing_values=(0,))],
        )
    )
    assert "yes where > 0, or no" in text
    assert "fever, cough" in text
    assert "0 means missing" in text


def test_of_many_features_the_first_are_shown_and_the_others_counted():
    features = [NumericFeature(f"x{index}") for index in range(2000)]
    features += [CategoricalFeature("town"), CategoricalFeature("sex")]
    text = text_of(data_table([BinaryTask("y")], features))
    assert "│ x19 " in text
    assert "│ x20 " not in text
    more = [line.split() for line in text.splitlines() if " more " in line]
    assert [(line[4], line[7]) for line in more] == [
        ("1,980", "numeric"),
        ("2", "categorical"),
    ]
    assert "x99" in text_of(data_table([BinaryTask("y")], features[:100]))
