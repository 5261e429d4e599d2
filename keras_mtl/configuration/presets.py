"""Named recipes, and the settings of the embedded data."""

from typing import Any

from keras_mtl.datasets import HEART_DISEASE_FEATURES, HEART_DISEASE_ZERO_IS_MISSING

__all__ = ["HEART_DISEASE", "PRESETS", "TRANSFER"]

_RULED: dict[str, Any] = {
    "model": {"activation": "silu"},
    "training": {"validation_fraction": 0.2},
}

PRESETS: dict[str, dict[str, Any]] = {
    # What these do not say is chosen by the table's size: see `table_rule.py`.
    "default": _RULED,
    "fast": _RULED,
    "best": _RULED,
    # The network of the articles, as it is there: 12 numbers in, each word
    # numbered, no regularization, no validation.
    "article": {
        "inputs": {
            "encoding": "ordinal",
            "missing_flags": False,
            "maximum_levels": 0,
        },
        "model": {"trunk": [32, 64], "activation": "relu"},
        "heads": {"widths": [16]},
        "training": {
            "members": 1,
            "epochs": 50,
            "batch_size": 32,
            "learning_rate": 1e-3,
        },
    },
}

# Of a fit on a trained trunk, which few labels are the reason for: they are too few to
# validate on, and one batch of them all would be one step per epoch.
TRANSFER: dict[str, Any] = {
    "training": {
        "epochs": 100,
        "batch_size": 16,
        "patience": 0,
        "validation_fraction": 0.0,
    },
}

# What a fit without `--data` predicts, and from what.
HEART_DISEASE: dict[str, Any] = {
    "inputs": {
        "columns": list(HEART_DISEASE_FEATURES),
        "missing_values": {name: [0] for name in HEART_DISEASE_ZERO_IS_MISSING},
    },
    "model": {"name": "heart_disease"},
    "tasks": [
        {
            "kind": "multiclass",
            "name": "thal",
            "classes": ["normal", "fixed defect", "reversible defect"],
            "widths": [32],
        },
        {
            "kind": "binary",
            "name": "heart",
            "column": "num",
            "positive": "> 0",
            "widths": [16],
        },
    ],
}
