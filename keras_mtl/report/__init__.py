"""Reports of runs: tables, plots and pages."""

from typing import TYPE_CHECKING

from keras_mtl._core.lazy import lazy_names

if TYPE_CHECKING:
    # The names below, for type checkers and editors.
    from keras_mtl.report.conflict_plot import (
        write_conflict_plot as write_conflict_plot,
    )
    from keras_mtl.report.document import (
        Alert as Alert,
        Block as Block,
        Figure as Figure,
        KeyValues as KeyValues,
        Paragraph as Paragraph,
        Report as Report,
        Section as Section,
        Source as Source,
        Table as Table,
    )
    from keras_mtl.report.evaluation_facts import (
        EvaluationFacts as EvaluationFacts,
        SharingFacts as SharingFacts,
    )
    from keras_mtl.report.evaluation_page import evaluation_report as evaluation_report
    from keras_mtl.report.figures import (
        COLORS as COLORS,
        Drawing as Drawing,
        svg_figure as svg_figure,
        write_figure as write_figure,
    )
    from keras_mtl.report.fit_facts import FitFacts as FitFacts, RowSample as RowSample
    from keras_mtl.report.fit_page import fit_report as fit_report
    from keras_mtl.report.model_checks import model_alerts as model_alerts
    from keras_mtl.report.network_drawing import (
        NetworkLayer as NetworkLayer,
        draw_network as draw_network,
    )
    from keras_mtl.report.page import (
        render_page as render_page,
        report_json as report_json,
        write_report as write_report,
    )
    from keras_mtl.report.plots import (
        run_figures as run_figures,
        write_plots as write_plots,
    )
    from keras_mtl.report.row_checks import data_alerts as data_alerts
    from keras_mtl.report.tables import (
        data_table as data_table,
        metrics_tables as metrics_tables,
    )
else:
    __getattr__, __all__, __dir__ = lazy_names(
        __name__,
        {
            "keras_mtl.report.conflict_plot": ("write_conflict_plot",),
            "keras_mtl.report.document": (
                "Alert",
                "Block",
                "Figure",
                "KeyValues",
                "Paragraph",
                "Report",
                "Section",
                "Source",
                "Table",
            ),
            "keras_mtl.report.evaluation_facts": ("EvaluationFacts", "SharingFacts"),
            "keras_mtl.report.evaluation_page": ("evaluation_report",),
            "keras_mtl.report.figures": (
                "COLORS",
                "Drawing",
                "svg_figure",
                "write_figure",
            ),
            "keras_mtl.report.fit_facts": ("FitFacts", "RowSample"),
            "keras_mtl.report.fit_page": ("fit_report",),
            "keras_mtl.report.model_checks": ("model_alerts",),
            "keras_mtl.report.row_checks": ("data_alerts",),
            "keras_mtl.report.network_drawing": ("NetworkLayer", "draw_network"),
            "keras_mtl.report.page": ("render_page", "report_json", "write_report"),
            "keras_mtl.report.plots": ("run_figures", "write_plots"),
            "keras_mtl.report.tables": ("data_table", "metrics_tables"),
        },
    )
