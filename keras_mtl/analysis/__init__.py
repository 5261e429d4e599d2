"""Analysis of models: idle units, conflict, affinity, and what tasks share."""

from typing import TYPE_CHECKING

from keras_mtl._core.lazy import lazy_names

if TYPE_CHECKING:
    # The names below, for type checkers and editors.
    from keras_mtl.analysis.activity import (
        activity_sentences as activity_sentences,
        unit_activity as unit_activity,
    )
    from keras_mtl.analysis.activity_callback import UnitActivity as UnitActivity
    from keras_mtl.analysis.agreement import (
        AffinityAgreement as AffinityAgreement,
        affinity_agreement as affinity_agreement,
    )
    from keras_mtl.analysis.affinity_callback import TaskAffinity as TaskAffinity
    from keras_mtl.analysis.gradient_conflict import (
        GradientConflict as GradientConflict,
        conflict_columns as conflict_columns,
    )
    from keras_mtl.analysis.cosine_table import gradient_cosines as gradient_cosines
    from keras_mtl.analysis.sharing import (
        expert_use as expert_use,
        read_sharing as read_sharing,
        stitches as stitches,
        trunk_distances as trunk_distances,
    )
    from keras_mtl.analysis.sharing_picture import (
        draw_shares as draw_shares,
        sharing_svg as sharing_svg,
    )
    from keras_mtl.analysis.task_groups import (
        TaskGrouping as TaskGrouping,
        group_tasks as group_tasks,
    )
    from keras_mtl.analysis.sharing_readout import (
        SharingMap as SharingMap,
        SharingReadout as SharingReadout,
        gate_overlaps as gate_overlaps,
        sharing_maps as sharing_maps,
        sharing_sentences as sharing_sentences,
    )
else:
    __getattr__, __all__, __dir__ = lazy_names(
        __name__,
        {
            "keras_mtl.analysis.activity": (
                "activity_sentences",
                "unit_activity",
            ),
            "keras_mtl.analysis.activity_callback": ("UnitActivity",),
            "keras_mtl.analysis.agreement": (
                "AffinityAgreement",
                "affinity_agreement",
            ),
            "keras_mtl.analysis.affinity_callback": ("TaskAffinity",),
            "keras_mtl.analysis.gradient_conflict": (
                "GradientConflict",
                "conflict_columns",
            ),
            "keras_mtl.analysis.cosine_table": ("gradient_cosines",),
            "keras_mtl.analysis.sharing": (
                "expert_use",
                "read_sharing",
                "stitches",
                "trunk_distances",
            ),
            "keras_mtl.analysis.sharing_picture": ("draw_shares", "sharing_svg"),
            "keras_mtl.analysis.task_groups": ("TaskGrouping", "group_tasks"),
            "keras_mtl.analysis.sharing_readout": (
                "SharingMap",
                "SharingReadout",
                "gate_overlaps",
                "sharing_maps",
                "sharing_sentences",
            ),
        },
    )
