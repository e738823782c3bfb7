"""FORMATS: the formats that `maixswitch import` knows. A new format is a file in this folder and a row."""

from __future__ import annotations

from maixswitch.card.importing.evidence import Evidence
from maixswitch.card.importing.source import Part

from . import (
    axelerate,
    kendryte_training,
    kfpkg,
    m5_vtraining,
    maixhub,
    maixhub_old,
    maixswitch_card,
    plain_files,
    script,
    sipeed_scripts,
)
from .format import ImportFormat

# In this order, the most specific first. The last one accepts every model.
FORMATS: tuple[ImportFormat, ...] = (
    maixswitch_card,
    kfpkg,
    maixhub,
    m5_vtraining,
    maixhub_old,
    axelerate,
    script,
    kendryte_training,
    sipeed_scripts,
    plain_files,
)


def read_evidence(part: Part) -> Evidence:
    """Read the claims of the files beside a model, in the first format that recognises them."""
    for item in FORMATS:
        evidence = item.read_evidence(part)
        if evidence is not None:
            return evidence
    return Evidence("kmodel", part)
