"""Many members of one architecture, trained in one program."""

from keras_mtl._core.lazy import lazy_names

__getattr__, __all__ = lazy_names(
    __name__,
    {
        "keras_mtl.training.member_settings": ("MemberSettings",),
        "keras_mtl.training.members": ("MemberFit", "fit_members"),
        "keras_mtl.training.progress": ("Progress",),
        "keras_mtl.training.settings": ("TrainingSettings",),
    },
)
