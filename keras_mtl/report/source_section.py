"""The section on the source of a report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keras_mtl.report.document import Block, KeyValues, Section, Source

__all__ = ["source_section"]


def source_section(
    config: str, caption: str, origin: Mapping[str, Any], versions: Mapping[str, str]
) -> Section:
    """Build the section with the data's digest, the versions and the configuration.

    Args:
        config: The configuration as the text of a TOML file.
        caption: The caption of the configuration.
        origin: The file and digest of the data, the seed and similar facts.
        versions: The versions of the packages.
    """
    values: dict[str, Any] = {}
    for key, value in origin.items():
        if isinstance(value, Mapping):
            values |= {f"{key} {name}": each for name, each in value.items()}
        else:
            values[key] = value
    values |= {f"{name} version": each for name, each in versions.items()}
    blocks: list[Block] = [KeyValues(values)] if values else []
    blocks.append(Source(config, caption))
    return Section("Data, versions and configuration", blocks)
