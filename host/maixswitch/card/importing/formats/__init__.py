"""FORMATS: the formats that `maixswitch import` knows. A new format is a file in this folder and a row."""

from __future__ import annotations

from maixswitch.card.importing.evidence import Evidence
from maixswitch.card.importing.parts import Part

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
    """Return the claims of the scripts that use a model, and those of its files in every format that recognises them.

    The first of the formats gives its name.
    """
    evidence = Evidence("", part)
    for item in FORMATS:
        read = item.read_evidence(part)
        if read is not None and read.complete:
            return read
        if read is not None and not evidence.format:
            evidence.format = read.format
            evidence.add_scripts()
        if read is not None:
            evidence.add_all(read)
    return evidence
