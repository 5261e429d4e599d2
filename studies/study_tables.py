"""The results of the study as tables and plain values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from rich.table import Table

from studies.activation_study import ActivationStudy

__all__ = ["ARTICLE", "scores", "scores_frame", "scores_table", "study_facts"]

# MSE and R2 in the article, on its own data.
ARTICLE = {"leaky_relu": (0.1528, 0.8387), "none": (0.9459, 0.0012)}


def scores(study: ActivationStudy) -> dict[str, dict[str, dict[str, float]]]:
    """Return mean and standard deviation of MSE and R2 by activation.

    The last entry is the linear regression, `linear_regression`.
    """
    found = {
        name: {"mse": _mean_and_std(result.mse), "r2": _mean_and_std(result.r2)}
        for name, result in study.results.items()
    }
    found["linear_regression"] = {
        "mse": {"mean": study.line_mse, "std": 0.0},
        "r2": {"mean": study.line_r2, "std": 0.0},
    }
    return found


def scores_frame(study: ActivationStudy) -> pd.DataFrame:
    """Return one row per network with its activation, seed, MSE and R2."""
    rows = [
        {"activation": name, "seed": seed, "mse": mse, "r2": r2}
        for name, result in study.results.items()
        for seed, mse, r2 in zip(study.seeds, result.mse, result.r2, strict=True)
    ]
    line = {"activation": "linear_regression", "seed": None}
    rows.append({**line, "mse": study.line_mse, "r2": study.line_r2})
    return pd.DataFrame(rows).astype({"seed": "Int64"})


def scores_table(study: ActivationStudy) -> Table:
    """Build the table for the terminal, best first."""
    table = Table(
        title=f"{study.settings.seeds} networks of each activation, "
        f"{len(study.rows.test_rows)} test rows",
        title_justify="left",
    )
    table.add_column("activation")
    for heading in ("MSE", "R2", "below the ceiling", "idle units", "article MSE, R2"):
        table.add_column(heading, justify="right")
    found = scores(study)
    for name in sorted(found, key=lambda name: -found[name]["r2"]["mean"]):
        mse, r2 = found[name]["mse"], found[name]["r2"]
        result = study.results.get(name)
        table.add_row(
            name.replace("_", " "),
            f"{mse['mean']:.4f} ± {mse['std']:.4f}",
            f"{r2['mean']:.4f} ± {r2['std']:.4f}",
            f"{study.rows.ceiling - r2['mean']:.4f}",
            "-" if result is None else _idle(result.idle),
            "{:.4f}, {:.4f}".format(*ARTICLE[name]) if name in ARTICLE else "",
        )
    return table


def study_facts(study: ActivationStudy) -> dict[str, Any]:
    """Return further facts beside the scores, as plain values."""
    rows, lines = study.rows, study.collapsed_lines()
    slope, intercept = study.line
    return {
        "settings": {
            **study.settings.get_config(defaults=True),
            "activations": list(study.results),
        },
        "data": {
            "source": rows.source,
            "train_rows": len(rows.train_rows),
            "test_rows": len(rows.test_rows),
            "test_variance": float(np.var(rows.test[1])),
        },
        "ceiling": {
            "r2": rows.ceiling,
            "known": rows.ceiling_is_known,
        },
        "article": {
            name: {"mse": mse, "r2": r2} for name, (mse, r2) in ARTICLE.items()
        },
        "straight_line": {
            "linear_regression": {"slope": float(slope), "intercept": float(intercept)},
            "slope_standard_error": study.line_error,
            "collapsed_networks": [
                {"seed": seed, "slope": float(line[0]), "intercept": float(line[1])}
                for seed, line in zip(study.seeds, lines, strict=False)
            ],
        },
        "idle_units": {name: result.idle for name, result in study.results.items()},
    }


def _mean_and_std(values: np.ndarray) -> dict[str, float]:
    std = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    return {"mean": float(np.mean(values)), "std": std}


def _idle(idle: dict[str, float]) -> str:
    words = {"zero": "zero", "no_gradient": "no gradient", "saturated": "saturated"}
    if idle["no_gradient"] == idle["zero"]:
        words.pop("no_gradient")
    shown = [f"{idle[kind]:.1%} {word}" for kind, word in words.items() if idle[kind]]
    return ", ".join(shown) or "none"
