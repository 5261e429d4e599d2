"""Sentences on the results of a calibration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["calibration_sentences"]

# A temperature closer to 1 hardly changes a probability.
CLEARLY = 1.1


def calibration_sentences(facts: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Describe the results of a calibration.

    Args:
        facts: The results by task name, from `calibration` in `metrics.json`.

    Example:

    >>> print(*calibration_sentences({"heart": {"temperature": 1.4, "labels": 700}}))
    heart: temperature 1.40, learned from 700 labels; its probabilities were
    overconfident.
    """
    for name, learned in facts.items():
        if "temperature" in learned:
            temperature = learned["temperature"]
            found = ""
            if temperature > CLEARLY:
                found = "; its probabilities were overconfident"
            elif temperature < 1 / CLEARLY:
                found = "; its probabilities were underconfident"
            yield (
                f"{name}: temperature {temperature:.2f}, learned from "
                f"{learned['labels']} labels{found}."
            )
        if "threshold" in learned:
            yield _threshold(name, learned["threshold"])
        if "set" in learned:
            yield _set(name, learned["set"])


def _threshold(name: str, found: Mapping[str, Any]) -> str:
    shares = " and ".join(
        f"{share} {found[share]:.3f} ({low:.3f} to {high:.3f})"
        for share in ("sensitivity", "specificity")
        for low, high in [found[f"{share}_interval"]]
    )
    missed = "" if found["reached"] else ", which no threshold reaches"
    return (
        f"{name}: threshold {found['value']:.3f} for {found['aim']}{missed}: {shares} "
        f"on {found['positives']} positive and {found['negatives']} negative "
        "validation labels."
    )


def _set(name: str, found: Mapping[str, Any]) -> str:
    text = f"{name}: sets with a coverage of {found['coverage']:g} of {found['of']}"
    if found["labels"]:
        text += f", learned from {found['labels']} labels"
    if "held_out" not in found:
        return f"{text}."
    here = found["held_out"]
    return (
        f"{text}; on {here['labels']} held-out labels {here['coverage']:.3f}, with a "
        f"mean size of {here['mean_size']:.3g}."
    )
