"""The row by which models are judged for a firmware image, and which build of the table the image is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from maixswitch.board_code import flavours
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.k210.choice import image_path
from maixswitch.k210.image import Image, read_image
from maixswitch.kmodel.judge.firmware import POWER_CHIPS, Firmware, find, firmwares, images
from maixswitch.language import tr

from .facts import Facts, facts

SLACK_KIB = 100
"""The most KiB by which the free heap of an official build may differ from that of its flavour's nearest version."""
PANELS = {"AXP173": (480, 320), "AXP192": (240, 135)}
"""The panel of the boards with such a power chip, for a build that no flavour is like."""
QVGA = (320, 240)
BOARDS = {"AXP173": "amigo_tft", "AXP192": "m5stickv"}
CANMV_BOARD = "canmv_k210_01studio"
MAIXPY_BOARD = "bit"


@dataclass(frozen=True)
class Build:
    """Which build an image is.

    row: the row of exactly this image, None if the table does not have it.
    like: names of the flavours that have the same features and nearly the same memory, the nearest first.
    """

    row: Firmware | None
    like: tuple[str, ...]


def firmware_named(name: str) -> Firmware:
    """Return the row of a flavour such as "full@v0.6.2-54", or the row of an image file, by its suffix.

    Raises MaixSwitchError (usage) for an unknown flavour, or a file that is no MaixPy or CanMV; (input or output) for
    a file that cannot be read.
    """
    path = image_path(name)
    return find(name) if path is None else row_of(path, facts(read_image(path).code))


def row_of(path: Path, item: Facts) -> Firmware:
    """Return the row by which models are judged for an image.

    Raises MaixSwitchError (usage) if the image is not a MaixPy or CanMV whose memory can be computed.
    """
    if not item.api:
        raise MaixSwitchError(f"{path}: {other_program(item)}", EXIT_USAGE)
    free = item.free
    if free is None or item.heap is None:
        raise MaixSwitchError(
            tr("{path}: the memory of this build cannot be computed, because it starts in an unknown way", path=path),
            EXIT_USAGE,
        )
    build = build_of(item)
    nearest = build.row or (find(build.like[0]) if build.like else None)
    return Firmware(
        flavour=nearest.flavour if nearest else "",
        version=build.row.version if build.row else item.version,
        image=item.id,
        v4=item.v4,
        free_kib=free // 1024,
        banner_kib=(item.heap.size - item.in_front - item.python_heap) // 1024,
        gc_kib=item.python_heap // 1024,
        threads=item.threads,
        ide=item.ide,
        api=item.api,
        panel=nearest.panel if nearest else PANELS.get(item.power_chip, QVGA),
        font=item.font,
        blobs=item.blobs,
        bytes=item.bytes,
        note="",
        file=str(path),
        lacking=item.lacking,
        chip=item.power_chip,
    )


def other_program(item: Facts) -> str:
    """Return a phrase that says what an image without `api` is."""
    if item.python:
        return tr("MicroPython for the K210, but neither MaixPy nor CanMV: it has no module KPU")
    return tr("a program for the K210, but neither MaixPy nor CanMV")


def maixpy_image(path: Path) -> Image:
    """Return the image in a file, for a command that runs scripts or the app on it.

    Raises MaixSwitchError (usage) if it is another known kind of program, and what `read_image` raises.
    """
    image = read_image(path)
    item = facts(image.code)
    # A program without the usual start may be one of the user's own, made to be run here.
    if not item.api and (item.python or item.heap):
        raise MaixSwitchError(f"{path}: {other_program(item)}", EXIT_USAGE)
    return image


def usual_board(item: Facts) -> str:
    """Return the name of a board of the app's table that an image runs on."""
    return BOARDS.get(item.power_chip, CANMV_BOARD if item.api == "canmv" else MAIXPY_BOARD)


def build_of(item: Facts) -> Build:
    """Return which build of the table an image is, or is like."""
    row = next((row for row in images() if row.image == item.id), None)
    if row is not None:
        return Build(row, (row.flavour,))
    free = item.free
    if free is None:
        return Build(None, ())
    near = []
    for flavour in (newest.flavour for newest in firmwares()):
        # The figures of a flavour change with its version, so compare with the nearest one.
        versioned = item.api == "maixpy" and item.version
        other = Firmware(*flavours().find(f"{flavour}@{item.version}" if versioned else flavour))
        difference = abs(other.free_kib - free // 1024)
        if _features(item) == _row_features(other) and difference <= SLACK_KIB:
            near.append((difference, flavour))
    return Build(None, tuple(name for _, name in sorted(near, key=lambda pair: pair[0])))


def _features(item: Facts) -> tuple[object, ...]:
    boards = item.power_chip if item.power_chip in POWER_CHIPS.values() else ""
    modules = ("lvgl" in item.modules, "speech_recognizer" in item.modules)
    return item.api, item.v4, item.threads, item.ide, item.blobs, boards, modules


def _row_features(row: Firmware) -> tuple[object, ...]:
    modules = (row.flavour == "with_lvgl", "speech" in row.flavour)
    return row.api, row.v4, row.threads, row.ide, row.blobs, POWER_CHIPS.get(row.flavour, ""), modules
