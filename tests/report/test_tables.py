"""Tables for the terminal hold each number once."""

from rich.console import Console

from keras_mtl.features import NumericFeature
from keras_mtl.report.tables import data_table, measures_table
from keras_mtl.tasks import BinaryTask, MultilabelTask


def text_of(table):
    console = Console(width=120)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


def test_measures_stand_under_their_names():
    measures = {
        "heart": {"rows": 184, "accuracy": 0.8504, "auc": 0.9},
        "cost": {"rows": 90, "mae": 12.3456},
    }
    text = text_of(measures_table(measures, "Results"))
    assert "Results" in text
    (heart,) = [line for line in text.splitlines() if "heart" in line]
    (cost,) = [line for line in text.splitlines() if "cost" in line]
    assert [cell.strip() for cell in heart.split("│")][1:-1] == [
        *("heart", "184", "0.850", "0.900", "-")
    ]
    assert [cell.strip() for cell in cost.split("│")][1:-1] == [
        *("cost", "90", "-", "-", "12.346")
    ]


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
