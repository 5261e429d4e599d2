"""What the tasks share is on the report's page as tables, pictures and alerts."""

import numpy as np
import pandas as pd

from keras_mtl.analysis import SharingReadout, gate_overlaps, sharing_maps
from keras_mtl.analysis.sharing_readout import sharing_sentences
from keras_mtl.report.sharing_section import sharing_alerts, sharing_sections

COLUMNS = ["member", "layer", "task", "expert", "mean", "leads", "entropy", "most"]
STITCHES = ["member", "layer", "task", "source", "weight"]
DISTANCES = ["member", "layer", "task", "other", "distance"]


def readout(gates, most=2, stitches=(), distances=()):
    """A readout of gates over two experts: by member and task the first's weight."""
    use = pd.DataFrame(
        [
            (member, "gate", task, f"expert {number + 1}", weight, 0.5, 0.5, most)
            for member, tasks in enumerate(gates)
            for task, first in tasks.items()
            for number, weight in enumerate((first, 1 - first))
        ],
        columns=COLUMNS,
    )
    return SharingReadout(
        use,
        pd.DataFrame(stitches, columns=STITCHES),
        pd.DataFrame(distances, columns=DISTANCES),
        tuple(sharing_sentences(use)),
    )


def test_a_collapsed_gate_is_an_alert_with_its_members():
    found = readout([{"a": 0.99, "b": 0.5}, {"a": 0.6, "b": 0.5}])
    (alert,) = sharing_alerts(found)
    assert "the gate of 'a' has collapsed onto expert 1" in alert.text
    assert "in 1 of 2 members" in alert.text
    assert not sharing_alerts(readout([{"a": 0.6, "b": 0.5}]))
    assert not sharing_alerts(None)


def test_a_sparse_gate_may_choose_one_expert_and_leave_others():
    assert readout([{"a": 1.0}], most=2).sentences
    assert not readout([{"a": 1.0}], most=1).sentences
    # Two tasks that choose one each could have chosen both experts.
    (sentence,) = readout([{"a": 1.0, "b": 1.0}], most=1).sentences
    assert "no task uses expert 2" in sentence


def test_the_overlap_of_gates_does_not_depend_on_the_experts_numbers():
    first = readout([{"a": 0.9, "b": 0.2}]).experts
    turned = readout([{"a": 0.1, "b": 0.8}]).experts
    expected = min(0.9, 0.2) + min(0.1, 0.8)
    for use in (first, turned):
        np.testing.assert_allclose(gate_overlaps(use)["overlap"], [expected])


def test_numbered_experts_are_the_first_members_and_overlaps_means():
    maps = sharing_maps(readout([{"a": 0.9, "b": 0.2}, {"a": 0.5, "b": 0.5}]))
    experts, overlaps = maps
    assert experts.title.endswith("first of 2 members")
    assert experts.table.loc["a", "expert 1"] == 0.9
    assert overlaps.title.endswith("mean of 2 members")
    np.testing.assert_allclose(overlaps.table.loc["a", "b"], (0.3 + 1.0) / 2)


def test_the_section_has_a_table_and_a_picture_of_each():
    found = readout(
        [{"a": 0.9, "b": 0.2, "c": 0.5}],
        stitches=[
            (0, "stitch_1", task, source, 0.5) for task in "abc" for source in "abc"
        ],
        distances=[(0, "trunk_1", "a", "b", 1.4), (0, "trunk_1", "a", "c", 1.2)],
    )
    (section,) = sharing_sections(found)
    kinds = [block.kind for block in section.blocks]
    assert kinds.count("table") == 5
    assert kinds.count("figure") == 4
    stitch = next(b for b in section.blocks if b.kind == "figure" and "stitch" in b.alt)
    assert stitch.values["a"] == {"a": 0.5, "b": 0.5, "c": 0.5}
    nothing = readout([])
    assert sharing_sections(nothing) == []
    assert sharing_sections(None) == []


def test_names_of_tasks_are_written_as_text():
    (section,) = sharing_sections(readout([{"<b>": 0.9, "$x$": 0.2}]))
    assert all("<b>" not in b.svg for b in section.blocks if b.kind == "figure")
