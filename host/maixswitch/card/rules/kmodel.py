"""Rules about the .kmodel files: whether they can be read, and whether they are consistent."""

from __future__ import annotations

from collections.abc import Iterator

from maixswitch.card.options import Options
from maixswitch.card.reading import Card, Model
from maixswitch.errors import KModelError
from maixswitch.findings.finding import Finding, finding
from maixswitch.kmodel import KModel
from maixswitch.kmodel.format.program import AI_RAM
from maixswitch.kmodel.format.sniff import file_kind
from maixswitch.kmodel.judge import consistency, ignored
from maixswitch.kmodel.judge.firmware import Firmware
from maixswitch.kmodel.judge.memory import unknown_layer
from maixswitch.kmodel.run.runtimes import MAIXPY
from maixswitch.language import tr

ADDRESSES = ("image_src_addr", "image_dst_addr")


def look(card: Card, options: Options) -> Iterator[Finding]:
    """Judge the file of every model."""
    for model in card.networks:
        if model.file:
            yield from readable(model)
            yield from activations(model, options)
            yield from picture(model, options)


def readable(model: Model) -> Iterator[Finding]:
    """Yield a finding if the file is not a model, is damaged, or has a layer that no firmware runs."""
    loaded = model.loaded
    if isinstance(loaded, KModelError):
        kind = file_kind(model.data)
        # If the file begins like a kmodel, it is damaged. Otherwise it is another kind of file, with another remedy.
        if kind.usable or (model.size and not model.data):
            # An address beyond the AI RAM is not damage: the network is too large for the chip.
            yield finding("C209" if loaded.field in ADDRESSES else "C201", model.file, found=loaded.message)
        else:
            yield finding(code(kind.name), model.file, found=kind.name, wanted="kmodel v3, v4")
    elif loaded is not None:
        strange = unknown_layer(loaded)
        if strange is not None:
            yield finding("C210", model.file, found=strange)
        # Report only the first field: damage in one layer often makes many fields wrong.
        odd = [item for item in consistency.check(loaded) if not item.limit]
        if odd:
            yield finding("C211", model.file, found=odd[0], count=len(odd))


def activations(model: Model, options: Options) -> Iterator[Finding]:
    """Yield the dense layers whose activation a firmware ignores, and how that changes the answers."""
    kmodel = model.kmodel
    # Only MaixPy's runtime ignores these activations; CanMV's applies them.
    names = [item.name for item in options.flavours if item.runtime == MAIXPY.name]
    if kmodel is None or not names or unknown_layer(kmodel) is not None:
        return
    dense = ignored.ignored(kmodel)
    if dense:
        text = f"{ignored.names(dense)}; {ignored.change(kmodel)}"
        yield finding("C224", model.file, found=text, firmware=", ".join(names))


def code(kind: str) -> str:
    """Return the code for a file that is not a kmodel v3 or v4, by the name that `sniff` gives it."""
    if "word-swapped" in kind:
        return "C203"
    if kind in ("smodel", "emodel"):
        return "C204"
    return "C202" if kind.startswith("kmodel v") and kind != "kmodel v1" else "C205"


def takes_picture(kmodel: KModel, firmware: Firmware) -> bool:
    """Return whether a firmware hands the camera's picture to the network's first input."""
    first = kmodel.inputs[0]
    # MaixPy writes the picture into the AI RAM, where a convolution reads it. CanMV copies the bytes to any input, such
    # as that of a pad.
    return first.dtype == "uint8" and (first.memory == AI_RAM or firmware.api == "canmv")


def picture(model: Model, options: Options) -> Iterator[Finding]:
    """Yield a finding if the network does not take a picture of the size that model.json states."""
    kmodel = model.kmodel
    if kmodel is None:
        return
    first = kmodel.inputs[0]
    if len(kmodel.inputs) > 1:
        yield finding("C217", model.file, found=tr("{count} inputs", count=len(kmodel.inputs)))
        return
    able = [item.name for item in options.flavours if takes_picture(kmodel, item)]
    if not able:
        # Bytes in main memory are what CanMV takes.
        other = first.dtype == "uint8"
        yield finding(
            "C217",
            model.file,
            found=tr("{count} values of {type} for layer {name}", count=first.elements, type=first.dtype,
                     name=kmodel.layers[0].name),
            wanted=tr("a convolution as the first layer, or the CanMV firmware (--firmware canmv)") if other else "",
        )  # fmt: skip
        return
    # The card works with one such firmware, so the others are worth a note, as for memory.
    if len(able) < len(options.flavours):
        others = ", ".join(item.name for item in options.flavours if item.name not in able)
        yield finding("C207", model.file, found=tr("not {names}", names=others), fits=", ".join(able))
    if model.spec is not None and model.spec.loadable and first.shape and len(first.shape) >= 3:
        own = [first.shape[-1], first.shape[-2], first.shape[-3]]
        stated = [model.spec.width, model.spec.height, model.spec.channels]
        # The board's reader sees the same contradiction in the head of most files, and its finding is enough.
        doubted = any(problem[1] == f"{model.prefix}input" for problem in model.spec.problems)
        if own != stated and not doubted:
            yield finding("C119", model.json, f"{model.prefix}input", stated, own, input=own)
