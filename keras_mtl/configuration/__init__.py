"""The settings of a run: from presets, a TOML file and flags, checked at once.

This package imports neither Keras nor TensorFlow nor pandas, so that `--help` and
errors in the settings are printed immediately.
"""

from typing import TYPE_CHECKING

from keras_mtl._core.lazy import lazy_names

if TYPE_CHECKING:
    # The names below, for type checkers and editors.
    from keras_mtl.configuration.command_line import (
        Flag as Flag,
        run_command as run_command,
    )
    from keras_mtl.configuration.fit_config import (
        DataSettings as DataSettings,
        FitConfig as FitConfig,
        HeadSettings as HeadSettings,
        InputSettings as InputSettings,
        ModelSettings as ModelSettings,
        OutputSettings as OutputSettings,
    )
    from keras_mtl.configuration.repeatable import (
        repeatable_values as repeatable_values,
    )
    from keras_mtl.configuration.toml_file import (
        read_toml as read_toml,
        write_toml as write_toml,
    )
    from keras_mtl.configuration.validate import (
        build_config as build_config,
        config_values as config_values,
    )
else:
    __getattr__, __all__, __dir__ = lazy_names(
        __name__,
        {
            "keras_mtl.configuration.command_line": ("Flag", "run_command"),
            "keras_mtl.configuration.fit_config": (
                "DataSettings",
                "FitConfig",
                "HeadSettings",
                "InputSettings",
                "ModelSettings",
                "OutputSettings",
            ),
            "keras_mtl.configuration.repeatable": ("repeatable_values",),
            "keras_mtl.configuration.toml_file": ("read_toml", "write_toml"),
            "keras_mtl.configuration.validate": ("build_config", "config_values"),
        },
    )
