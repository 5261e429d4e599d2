"""Multi-task learning for Keras 3, from a CSV to a served model.

The public names are loaded when they are first used, so that importing the
package imports neither Keras nor TensorFlow.
"""

from typing import TYPE_CHECKING

from keras_mtl._core.lazy import lazy_names
from keras_mtl.registration import register_when_keras_loads

__version__ = "0.1.0"

if TYPE_CHECKING:
    # The names below, for type checkers and editors.
    from keras_mtl._core.declarations import (
        Declaration as Declaration,
        declaration as declaration,
    )
    from keras_mtl.analysis import (
        UnitActivity as UnitActivity,
        unit_activity as unit_activity,
    )
    from keras_mtl.architectures import (
        ArchitectureSettings as ArchitectureSettings,
        average_members as average_members,
        build_hard_sharing as build_hard_sharing,
        build_regressor as build_regressor,
        calibrate_model as calibrate_model,
        join_encoder as join_encoder,
        register_architecture as register_architecture,
        regressor_trunk as regressor_trunk,
        without_auxiliary as without_auxiliary,
    )
    from keras_mtl.comparison import (
        Comparison as Comparison,
        compare_sharing as compare_sharing,
    )
    from keras_mtl.dataframes import (
        TableFit as TableFit,
        evaluate_table as evaluate_table,
        fit_table as fit_table,
        predict_table as predict_table,
    )
    from keras_mtl.datasets import (
        load_curve as load_curve,
        load_heart_disease as load_heart_disease,
        make_curve as make_curve,
    )
    from keras_mtl.errors import (
        DataWarning as DataWarning,
        PluginWarning as PluginWarning,
        UserError as UserError,
    )
    from keras_mtl.estimator import MultiTaskEstimator as MultiTaskEstimator
    from keras_mtl.features import (
        BooleanFeature as BooleanFeature,
        CategoricalFeature as CategoricalFeature,
        DateFeature as DateFeature,
        Feature as Feature,
        HashedFeature as HashedFeature,
        NumericFeature as NumericFeature,
        build_encoder as build_encoder,
        encode_frame as encode_frame,
        feature_arrays as feature_arrays,
        feature_tensors as feature_tensors,
        infer_features as infer_features,
        learn_features as learn_features,
        register_feature_kind as register_feature_kind,
    )
    from keras_mtl.model import MultiTaskModel as MultiTaskModel
    from keras_mtl.tables import read_csv as read_csv
    from keras_mtl.tasks import (
        BinaryTask as BinaryTask,
        MulticlassTask as MulticlassTask,
        MultilabelTask as MultilabelTask,
        RegressionTask as RegressionTask,
        Task as Task,
        register_task_kind as register_task_kind,
    )
    from keras_mtl.training import (
        MemberFit as MemberFit,
        MemberSettings as MemberSettings,
        TrainingSettings as TrainingSettings,
        fit_members as fit_members,
    )
    from keras_mtl.transfer import (
        BayesianHead as BayesianHead,
        bayesian_head as bayesian_head,
        new_head as new_head,
        unfreeze as unfreeze,
    )
    from keras_mtl.weighting import register_weighting as register_weighting
else:
    __getattr__, __all__, __dir__ = lazy_names(
        __name__,
        {
            "keras_mtl.analysis": ("UnitActivity", "unit_activity"),
            "keras_mtl._core.declarations": ("Declaration", "declaration"),
            "keras_mtl.architectures": (
                "ArchitectureSettings",
                "average_members",
                "build_hard_sharing",
                "build_regressor",
                "calibrate_model",
                "join_encoder",
                "register_architecture",
                "regressor_trunk",
                "without_auxiliary",
            ),
            "keras_mtl.comparison": ("Comparison", "compare_sharing"),
            "keras_mtl.dataframes": (
                "TableFit",
                "evaluate_table",
                "fit_table",
                "predict_table",
            ),
            "keras_mtl.datasets": (
                "load_curve",
                "load_heart_disease",
                "make_curve",
            ),
            "keras_mtl.errors": ("DataWarning", "PluginWarning", "UserError"),
            "keras_mtl.estimator": ("MultiTaskEstimator",),
            "keras_mtl.features": (
                "BooleanFeature",
                "CategoricalFeature",
                "DateFeature",
                "Feature",
                "HashedFeature",
                "NumericFeature",
                "build_encoder",
                "encode_frame",
                "feature_arrays",
                "feature_tensors",
                "infer_features",
                "learn_features",
                "register_feature_kind",
            ),
            "keras_mtl.tables": ("read_csv",),
            "keras_mtl.tasks": (
                "BinaryTask",
                "MulticlassTask",
                "MultilabelTask",
                "RegressionTask",
                "Task",
                "register_task_kind",
            ),
            "keras_mtl.model": ("MultiTaskModel",),
            "keras_mtl.training": (
                "MemberFit",
                "MemberSettings",
                "TrainingSettings",
                "fit_members",
            ),
            "keras_mtl.transfer": (
                "BayesianHead",
                "bayesian_head",
                "new_head",
                "unfreeze",
            ),
            "keras_mtl.weighting": ("register_weighting",),
        },
    )

register_when_keras_loads()
