"""Tables and plots of a run."""

from keras_mtl._core.lazy import lazy_names

__getattr__, __all__ = lazy_names(
    __name__,
    {
        "keras_mtl.report.conflict_plot": ("write_conflict_plot",),
        "keras_mtl.report.figures": ("COLORS", "write_figure"),
        "keras_mtl.report.plots": ("write_plots",),
        "keras_mtl.report.tables": ("data_table", "measures_tables"),
    },
)
