"""Linear multi-task models: sparse, low-rank, pooled and clustered tasks."""

from typing import TYPE_CHECKING

from keras_mtl._core.lazy import lazy_names

if TYPE_CHECKING:
    # The names below, for type checkers and editors.
    from keras_mtl.linear.fit import LinearFit as LinearFit, fit_linear as fit_linear
    from keras_mtl.linear.hierarchical import (
        HierarchicalFit as HierarchicalFit,
        fit_hierarchical as fit_hierarchical,
    )
    from keras_mtl.linear.hierarchical_model import (
        HierarchicalBayesModel as HierarchicalBayesModel,
    )
    from keras_mtl.linear.linear_model import LinearModel as LinearModel
    from keras_mtl.linear.models import (
        ClusteredModel as ClusteredModel,
        DirtyModel as DirtyModel,
        GroupSparseModel as GroupSparseModel,
        IndependentModel as IndependentModel,
        LowRankModel as LowRankModel,
        MeanRegularisedModel as MeanRegularisedModel,
    )
    from keras_mtl.linear.path import StrengthChoice as StrengthChoice
    from keras_mtl.linear.penalties import (
        Clustered as Clustered,
        Dirty as Dirty,
        GroupSparse as GroupSparse,
        Lasso as Lasso,
        LowRank as LowRank,
        MeanRegularised as MeanRegularised,
        Penalty as Penalty,
        Ridge as Ridge,
    )
    from keras_mtl.linear.problem import (
        LinearProblem as LinearProblem,
        LinearTask as LinearTask,
    )
    from keras_mtl.linear.solver import (
        LinearSolution as LinearSolution,
        LinearSolver as LinearSolver,
        kkt_residual as kkt_residual,
    )
else:
    __getattr__, __all__, __dir__ = lazy_names(
        __name__,
        {
            "keras_mtl.linear.fit": ("LinearFit", "fit_linear"),
            "keras_mtl.linear.hierarchical": ("HierarchicalFit", "fit_hierarchical"),
            "keras_mtl.linear.hierarchical_model": ("HierarchicalBayesModel",),
            "keras_mtl.linear.linear_model": ("LinearModel",),
            "keras_mtl.linear.models": (
                "ClusteredModel",
                "DirtyModel",
                "GroupSparseModel",
                "IndependentModel",
                "LowRankModel",
                "MeanRegularisedModel",
            ),
            "keras_mtl.linear.path": ("StrengthChoice",),
            "keras_mtl.linear.penalties": (
                "Clustered",
                "Dirty",
                "GroupSparse",
                "Lasso",
                "LowRank",
                "MeanRegularised",
                "Penalty",
                "Ridge",
            ),
            "keras_mtl.linear.problem": ("LinearProblem", "LinearTask"),
            "keras_mtl.linear.solver": (
                "LinearSolution",
                "LinearSolver",
                "kkt_residual",
            ),
        },
    )
