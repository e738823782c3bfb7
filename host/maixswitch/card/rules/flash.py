"""Rules about models in the flash chip: the firmware, the file system and the other models leave room for them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from maixswitch.card.flash.flash_map import FILE_SYSTEM, MODELS_START, Extent
from maixswitch.card.flash.package import judge
from maixswitch.card.options import Options
from maixswitch.card.reading import KMODEL_ENDS, Card, Model
from maixswitch.findings.finding import Finding, finding
from maixswitch.language import tr


def look(card: Card, options: Options) -> Iterator[Finding]:
    """Yield a finding for every model in the flash chip whose place something else needs, and those of a package."""
    if card.package is not None:
        yield from judge(card.package)
    extents = [(model, extent) for model in card.networks if (extent := extent_of(model, card)) is not None]
    for model, extent in extents:
        yield from place(model, extent, options)
    for (_, first), (model, second) in combinations(sorted(extents, key=lambda item: (item[1].start, item[1].end)), 2):
        # Two folders may share one model, with other labels or another threshold.
        same = (first.start, first.end) == (second.start, second.end)
        if not same and second.overlaps(first):
            yield finding("C227", model.json, "kmodel", second, first.named)


def extent_of(model: Model, card: Card) -> Extent | None:
    """Return where a model lies in the flash chip, None for one on the card."""
    if model.spec is None or not isinstance(model.spec.kmodel, tuple):
        return None
    start, size = model.spec.kmodel
    # The file that was flashed often lies beside model.json. If it is larger than "bytes" says, it counts.
    files = [
        length
        for name, length in card.sizes.items()
        if name.startswith(f"{model.place}/") and name.lower().endswith(KMODEL_ENDS)
    ]
    if len(files) == 1:
        size = max(size, files[0])
    return Extent(model.place, start, start + size)


def place(model: Model, extent: Extent, options: Options) -> Iterator[Finding]:
    """Judge one model against the firmwares and the file system."""
    over = [item for item in options.flavours if extent.start < item.flash_end]
    ends = ", ".join(tr("{firmware} ends at {end}", firmware=item.name, end=f"0x{item.flash_end:06X}") for item in over)
    # With several firmwares in question, the board may have one that leaves room.
    if over and len(over) == len(options.flavours):
        yield finding("C225", model.json, "kmodel", extent, ends)
    elif extent.start < MODELS_START:
        limit = tr("{start} or higher", start=f"0x{MODELS_START:06X}")
        yield finding("C228", model.json, "kmodel", extent, f"{limit}; {ends}" if ends else limit)
    if extent.end > FILE_SYSTEM:
        limit = tr("the file system begins at {start}", start=f"0x{FILE_SYSTEM:06X}")
        yield finding("C226", model.json, "kmodel", extent, limit)
