"""Transfer learning: new tasks with few labels on a trained trunk."""

from typing import TYPE_CHECKING

from keras_mtl._core.lazy import lazy_names

if TYPE_CHECKING:
    # The names below, for type checkers and editors.
    from keras_mtl.transfer.closed_form_head import (
        BayesianHead as BayesianHead,
        bayesian_head as bayesian_head,
    )
    from keras_mtl.linear.posterior import (
        HeadPosterior as HeadPosterior,
        head_posterior as head_posterior,
    )
    from keras_mtl.transfer.prior import (
        HeadPrior as HeadPrior,
        fit_head_prior as fit_head_prior,
    )
    from keras_mtl.transfer.new_heads import new_head as new_head, unfreeze as unfreeze
    from keras_mtl.transfer.settings import TransferSettings as TransferSettings
    from keras_mtl.transfer.trunk import copy_trunk as copy_trunk
else:
    __getattr__, __all__, __dir__ = lazy_names(
        __name__,
        {
            "keras_mtl.transfer.closed_form_head": ("BayesianHead", "bayesian_head"),
            "keras_mtl.linear.posterior": ("HeadPosterior", "head_posterior"),
            "keras_mtl.transfer.prior": ("HeadPrior", "fit_head_prior"),
            "keras_mtl.transfer.new_heads": ("new_head", "unfreeze"),
            "keras_mtl.transfer.settings": ("TransferSettings",),
            "keras_mtl.transfer.trunk": ("copy_trunk",),
        },
    )
