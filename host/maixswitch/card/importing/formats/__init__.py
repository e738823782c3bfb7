"""IMPORTERS: the formats that `maixswitch import` knows; a new one is one file here and one row.

An importer is a module with ``recognise(part) -> Draft | None``: a Draft where the files beside the model are of its
format. They are asked in this order; the last takes every model.
"""

from __future__ import annotations

from collections.abc import Callable

from maixswitch.card.importing.draft import Draft
from maixswitch.card.importing.source import Part

from . import axelerate, fans_share, kendryte, kfpkg, loose, m5, maixhub_now, maixhub_old, own, script

Recogniser = Callable[[Part], Draft | None]

IMPORTERS: tuple[Recogniser, ...] = (
    own.recognise,
    kfpkg.recognise,
    maixhub_now.recognise,
    m5.recognise,
    maixhub_old.recognise,
    axelerate.recognise,
    script.recognise,
    kendryte.recognise,
    fans_share.recognise,
    loose.recognise,
)


def recognise(part: Part) -> Draft:
    """What the files beside a model say of it, by the first importer that knows them."""
    for importer in IMPORTERS:
        draft = importer(part)
        if draft is not None:
            return draft
    return Draft("kmodel", part)
