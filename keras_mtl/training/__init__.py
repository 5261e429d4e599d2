"""Training of many members of one architecture in one program."""

from typing import TYPE_CHECKING

from keras_mtl._core.lazy import lazy_names

if TYPE_CHECKING:
    # The names below, for type checkers and editors.
    from keras_mtl.training.member_programs import MemberPrograms as MemberPrograms
    from keras_mtl.training.member_settings import MemberSettings as MemberSettings
    from keras_mtl.training.asked_settings import asked_numbers as asked_numbers
    from keras_mtl.training.member_fit import MemberFit as MemberFit
    from keras_mtl.training.members import fit_members as fit_members
    from keras_mtl.training.narrow_members import (
        can_be_narrowed as can_be_narrowed,
        parameters_saved as parameters_saved,
    )
    from keras_mtl.training.pretrained import (
        Pretrained as Pretrained,
        layer_values as layer_values,
    )
    from keras_mtl.training.progress import Progress as Progress
    from keras_mtl.training.settings import TrainingSettings as TrainingSettings
else:
    __getattr__, __all__, __dir__ = lazy_names(
        __name__,
        {
            "keras_mtl.training.member_programs": ("MemberPrograms",),
            "keras_mtl.training.member_settings": ("MemberSettings",),
            "keras_mtl.training.asked_settings": ("asked_numbers",),
            "keras_mtl.training.member_fit": ("MemberFit",),
            "keras_mtl.training.members": ("fit_members",),
            "keras_mtl.training.narrow_members": (
                "can_be_narrowed",
                "parameters_saved",
            ),
            "keras_mtl.training.pretrained": ("Pretrained", "layer_values"),
            "keras_mtl.training.progress": ("Progress",),
            "keras_mtl.training.settings": ("TrainingSettings",),
        },
    )
