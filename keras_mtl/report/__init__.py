"""Tables and plots of a run."""

from typing import TYPE_CHECKING

from keras_mtl._core.lazy import lazy_names

if TYPE_CHECKING:
    # The names below, for type checkers and editors.
    from keras_mtl.report.conflict_plot import (
        write_conflict_plot as write_conflict_plot,
    )
    from keras_mtl.report.figures import COLORS as COLORS, write_figure as write_figure
    from keras_mtl.report.plots import write_plots as write_plots
    from keras_mtl.report.tables import (
        data_table as data_table,
        measures_tables as measures_tables,
    )
else:
    __getattr__, __all__, __dir__ = lazy_names(
        __name__,
        {
            "keras_mtl.report.conflict_plot": ("write_conflict_plot",),
            "keras_mtl.report.figures": ("COLORS", "write_figure"),
            "keras_mtl.report.plots": ("write_plots",),
            "keras_mtl.report.tables": ("data_table", "measures_tables"),
        },
    )
