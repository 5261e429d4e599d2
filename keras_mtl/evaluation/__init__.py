"""Evaluation of predictions: differences, calibration, thresholds and importance."""

from typing import TYPE_CHECKING

from keras_mtl._core.lazy import lazy_names

if TYPE_CHECKING:
    # The names below, for type checkers and editors.
    from keras_mtl.evaluation.calibration import (
        BrierParts as BrierParts,
        CalibrationError as CalibrationError,
        ReliabilityCurve as ReliabilityCurve,
        brier_parts as brier_parts,
        calibration_error as calibration_error,
        reliability_curve as reliability_curve,
        top_class as top_class,
    )
    from keras_mtl.evaluation.conformal import (
        ClassSets as ClassSets,
        Intervals as Intervals,
        JointQuantiles as JointQuantiles,
        class_scores as class_scores,
        conformal_quantile as conformal_quantile,
        fit_class_sets as fit_class_sets,
        fit_intervals as fit_intervals,
        joint_quantiles as joint_quantiles,
        residual_scores as residual_scores,
    )
    from keras_mtl.evaluation.importance import (
        FeatureImportance as FeatureImportance,
        Predict as Predict,
        feature_importance as feature_importance,
    )
    from keras_mtl.evaluation.judgement import (
        Judgement as Judgement,
        TaskJudgement as TaskJudgement,
        judge_tasks as judge_tasks,
    )
    from keras_mtl.evaluation.multiple_tests import (
        holm as holm,
    )
    from keras_mtl.evaluation.paired_difference import (
        PairedDifference as PairedDifference,
        compare_paired as compare_paired,
    )
    from keras_mtl.evaluation.partial_dependence import (
        PartialDependence as PartialDependence,
        predict_over_values as predict_over_values,
    )
    from keras_mtl.evaluation.proportions import (
        auc_interval as auc_interval,
        proportion_interval as proportion_interval,
    )
    from keras_mtl.evaluation.sample_size import (
        RowsNeeded as RowsNeeded,
        rows_to_detect as rows_to_detect,
    )
    from keras_mtl.evaluation.skill import (
        Gain as Gain,
        overall_gain as overall_gain,
        skill_score as skill_score,
        task_gain as task_gain,
    )
    from keras_mtl.evaluation.subgroups import (
        SubgroupMetric as SubgroupMetric,
        band_names as band_names,
        subgroup_metrics as subgroup_metrics,
    )
    from keras_mtl.evaluation.task_metrics import (
        MetricFacts as MetricFacts,
        main_metric as main_metric,
        metric_facts as metric_facts,
        metric_title as metric_title,
    )
    from keras_mtl.evaluation.temperature import (
        apply_temperature as apply_temperature,
        fit_residual_scale as fit_residual_scale,
        fit_temperature as fit_temperature,
    )
    from keras_mtl.evaluation.thresholds import (
        Aim as Aim,
        Threshold as Threshold,
        choose_threshold as choose_threshold,
        parse_aim as parse_aim,
    )
    from keras_mtl.evaluation.verdict import (
        Verdict as Verdict,
        give_verdict as give_verdict,
    )
else:
    __getattr__, __all__, __dir__ = lazy_names(
        __name__,
        {
            "keras_mtl.evaluation.calibration": (
                "BrierParts",
                "CalibrationError",
                "ReliabilityCurve",
                "brier_parts",
                "calibration_error",
                "reliability_curve",
                "top_class",
            ),
            "keras_mtl.evaluation.conformal": (
                "ClassSets",
                "Intervals",
                "JointQuantiles",
                "class_scores",
                "conformal_quantile",
                "fit_class_sets",
                "fit_intervals",
                "joint_quantiles",
                "residual_scores",
            ),
            "keras_mtl.evaluation.importance": (
                "FeatureImportance",
                "Predict",
                "feature_importance",
            ),
            "keras_mtl.evaluation.judgement": (
                "Judgement",
                "TaskJudgement",
                "judge_tasks",
            ),
            "keras_mtl.evaluation.multiple_tests": ("holm",),
            "keras_mtl.evaluation.paired_difference": (
                "PairedDifference",
                "compare_paired",
            ),
            "keras_mtl.evaluation.partial_dependence": (
                "PartialDependence",
                "predict_over_values",
            ),
            "keras_mtl.evaluation.proportions": (
                "auc_interval",
                "proportion_interval",
            ),
            "keras_mtl.evaluation.sample_size": (
                "RowsNeeded",
                "rows_to_detect",
            ),
            "keras_mtl.evaluation.skill": (
                "Gain",
                "overall_gain",
                "skill_score",
                "task_gain",
            ),
            "keras_mtl.evaluation.subgroups": (
                "SubgroupMetric",
                "band_names",
                "subgroup_metrics",
            ),
            "keras_mtl.evaluation.task_metrics": (
                "MetricFacts",
                "main_metric",
                "metric_facts",
                "metric_title",
            ),
            "keras_mtl.evaluation.temperature": (
                "apply_temperature",
                "fit_residual_scale",
                "fit_temperature",
            ),
            "keras_mtl.evaluation.thresholds": (
                "Aim",
                "Threshold",
                "choose_threshold",
                "parse_aim",
            ),
            "keras_mtl.evaluation.verdict": (
                "Verdict",
                "give_verdict",
            ),
        },
    )
