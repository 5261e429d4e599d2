"""What docs/statistics.md shows is what its code prints."""

import re
from pathlib import Path

import keras_mtl.evaluation

PAGE = Path(__file__).parents[2] / "docs" / "statistics.md"


def test_the_example_prints_what_its_comment_says(capsys):
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    exec(code, {})
    assert f"# {capsys.readouterr().out}" in code


def test_each_function_that_the_page_names_exists():
    named = set(re.findall(r"`([a-z_]+)`", PAGE.read_text("utf-8")))
    functions = {n for n in keras_mtl.evaluation.__all__ if n.islower()}
    # Helpers of the functions on the page.
    assert functions - named <= {
        "auc_interval",
        "class_scores",
        "conformal_quantile",
        "give_verdict",
        "main_metric",
        "metric_title",
        "parse_aim",
        "proportion_interval",
        "residual_scores",
        "skill_score",
    }
