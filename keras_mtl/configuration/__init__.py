"""The settings of a run: from presets, a TOML file and flags, checked at once.

Nothing here imports Keras, TensorFlow or pandas, so that `--help` and every
mistake in the settings are answered at once.
"""

from keras_mtl._core.lazy import lazy_names

__getattr__, __all__ = lazy_names(
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
