"""The section that says what a report was made from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keras_mtl.report.document import Block, KeyValues, Section, Source

__all__ = ["source_section"]


def source_section(
    config: str, caption: str, origin: Mapping[str, Any], versions: Mapping[str, str]
) -> Section:
    """Make the section with the data's digest, the versions and the configuration.

    Args:
        config: The configuration as the text of a TOML file.
        caption: The caption of the configuration.
        origin: The data's file and digest, the seed and the like.
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
