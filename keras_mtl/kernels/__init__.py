"""Kernel methods for several tasks: regression, classification, Gaussian processes."""

from typing import TYPE_CHECKING

from keras_mtl._core.lazy import lazy_names

if TYPE_CHECKING:
    # The names below, for type checkers and editors.
    from keras_mtl.kernels.gaussian_process_model import (
        GaussianProcessModel as GaussianProcessModel,
    )
    from keras_mtl.kernels.kernel_fit import (
        KernelFit as KernelFit,
        KernelGrid as KernelGrid,
        fit_kernel as fit_kernel,
    )
    from keras_mtl.kernels.kernel_function import KernelFunction as KernelFunction
    from keras_mtl.kernels.kernel_model import KernelModel as KernelModel
    from keras_mtl.kernels.process_parameters import (
        ProcessParameters as ProcessParameters,
    )
    from keras_mtl.kernels.task_covariance import (
        shared_covariance as shared_covariance,
    )
else:
    __getattr__, __all__, __dir__ = lazy_names(
        __name__,
        {
            "keras_mtl.kernels.gaussian_process_model": ("GaussianProcessModel",),
            "keras_mtl.kernels.kernel_fit": ("KernelFit", "KernelGrid", "fit_kernel"),
            "keras_mtl.kernels.kernel_function": ("KernelFunction",),
            "keras_mtl.kernels.kernel_model": ("KernelModel",),
            "keras_mtl.kernels.process_parameters": ("ProcessParameters",),
            "keras_mtl.kernels.task_covariance": ("shared_covariance",),
        },
    )
