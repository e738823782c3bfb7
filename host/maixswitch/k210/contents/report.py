"""What `maixswitch firmware` shows of an image: as a document for programs and as a text for people."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from maixswitch import board_code
from maixswitch.board_code import flavours
from maixswitch.console import left, visible, width
from maixswitch.k210.image import MOST_BYTES, Image
from maixswitch.kmodel.format.sniff import file_kind
from maixswitch.kmodel.judge.firmware import Firmware
from maixswitch.kmodel.judge.memory import QQVGA, QVGA, Size, room
from maixswitch.language import tr

from .facts import Facts, facts
from .flavour import build_of, other_program, row_of
from .words import BASE

SCHEMA = 1
CAMERAS: tuple[tuple[Size | None, bool], ...] = ((None, False), (QQVGA, False), (QVGA, False), (QVGA, True))
"""Frames of the camera, and whether it gets a second buffer; the app uses one of 320x240."""
Document = dict[str, Any]


def describe(image: Image) -> Document:
    """Return the facts of an image as a document.

    Sizes are in bytes, addresses are numbers; what is unknown is null or "". An image that is not a MaixPy or CanMV has
    an empty "api", and no rooms.
    """
    item = facts(image.code)
    build = build_of(item)
    row = row_of(image.path, item) if item.free is not None else None
    return {
        "schema": SCHEMA,
        "command": "firmware",
        "file": str(image.path),
        "inside": image.inside,
        "image": item.id,
        "bytes": item.bytes,
        "api": item.api,
        "other": "" if item.api else other_program(item),
        "version": row.version if row else item.version,
        "tag": item.tag,
        "date": item.date,
        "machine": item.machine,
        "known": build.row is not None,
        "flavours": list(build.like),
        "kmodel": ([3, 4] if item.v4 else [3]) if item.api else [],
        "threads": item.threads,
        "ide": item.ide,
        "font": item.font,
        "find_blobs": item.blobs,
        "power_chip": item.power_chip,
        "modules": {name: sorted(names) for name, names in sorted(item.modules.items())},
        "memory": _memory(item),
        "rooms": list(_rooms(row)) if row else [],
        "lacks": list(item.lacking or ()),
        "faults": list(_faults(item)),
        "parts": [_part(address, content) for address, content in image.parts],
    }


def _memory(item: Facts) -> Document | None:
    heap = item.heap
    if heap is None:
        return None
    # What comes before the Python heap and what the start takes is known for MaixPy and CanMV only.
    memory = {"system_heap": heap.size, "from": heap.start, "to": heap.end}
    if not item.api:
        return memory
    return {
        **memory,
        "python_heap": item.python_heap,
        "python_heap_outside": item.separate_heap,
        "free_at_prompt": item.free,
    }


def _rooms(row: Firmware) -> Iterator[Document]:
    """Yield the bytes for a model with each panel of the boards and each camera frame."""
    boards = board_code.boards()
    panels = {(board.lcd[0], board.lcd[1]) for board in map(boards.find, boards.names()) if board.lcd}
    for panel in (None, *sorted(panels | {row.panel})):
        for frame, dual in CAMERAS:
            yield {
                "panel": panel and list(panel),
                "camera": frame and list(frame),
                "buffers": (2 if dual and row.doubles else 1) if frame else 0,
                "bytes": room(row, frame, panel, dual=dual).bytes,
            }


def _part(address: int, content: bytes) -> Document:
    kind = file_kind(content)
    return {"address": address, "bytes": len(content), "kind": kind.name, "kmodel": kind.usable}


def text(document: Document) -> str:
    """Return a document of `describe` as lines for people."""
    return visible("\n".join(_lines(document)))


def _lines(document: Document) -> Iterator[str]:
    name = Path(document["file"]).name + (f"!{document['inside']}" if document["inside"] else "")
    yield tr("{name}: {what}", name=name, what=_what(document))
    yield from _two_columns(list(_fields(document)))
    if document["rooms"]:
        yield tr("Room for a model in KiB, by panel and camera:")
        yield from _table(document["rooms"])
    for fault in document["faults"]:
        yield tr("Known fault: {fault}", fault=fault)
    for part in document["parts"]:
        yield tr(
            "Also in the package: {kind}, {size} bytes at 0x{address:X}",
            kind=part["kind"],
            size=part["bytes"],
            address=part["address"],
        )


def _fields(document: Document) -> Iterator[tuple[str, str]]:
    yield tr("image"), tr("{image}, {size} bytes", image=document["image"], size=document["bytes"])
    if document["date"]:
        yield tr("built"), tr("{date} for {machine}", date=document["date"], machine=document["machine"])
    if document["api"]:
        yield tr("kmodel"), tr("3 and 4") if 4 in document["kmodel"] else tr("3")
        yield tr("features"), _features(document)
        yield tr("power chip"), document["power_chip"] or tr("none")
    memory = document["memory"]
    if memory:
        size = memory["system_heap"] // 1024
        with_ai = memory["to"] > BASE + MOST_BYTES
        yield (
            tr("system heap"),
            tr("{size} KiB, the AI RAM included", size=size) if with_ai else tr("{size} KiB", size=size),
        )
    if memory and document["api"]:
        size = memory["python_heap"] // 1024
        outside = memory["python_heap_outside"]
        yield tr("Python heap"), tr("{size} KiB beside it", size=size) if outside else tr("{size} KiB of it", size=size)
        yield tr("free at the prompt"), tr("{size} KiB", size=memory["free_at_prompt"] // 1024)
    if document["modules"]:
        yield tr("modules"), " ".join(document["modules"])


def _what(document: Document) -> str:
    """Return one phrase: interface, version and flavour."""
    if not document["api"]:
        return str(document["other"])
    interface = {"maixpy": "MaixPy", "canmv": "CanMV"}[document["api"]]
    # Some banners name a commit in place of the version, and the table has the version.
    tag, version = document["tag"], document["version"]
    version = tag if tag.startswith(version) else f"{version} ({tag})"
    likely = tr(" or ").join(document["flavours"])
    if document["known"]:
        return tr("{interface} {version}, flavour {flavour}", interface=interface, version=version, flavour=likely)
    if likely:
        return tr("{interface} {version}, most like {likely}", interface=interface, version=version, likely=likely)
    return tr("{interface} {version}, a custom build", interface=interface, version=version)


def _features(document: Document) -> str:
    features = {
        tr("threads"): document["threads"],
        tr("MaixPy IDE"): document["ide"],
        tr("fonts from a file"): document["font"],
        "find_blobs": document["find_blobs"],
    }
    return ", ".join(name if has else tr("no {name}", name=name) for name, has in features.items())


def _faults(item: Facts) -> Iterator[str]:
    """Yield what is known to be wrong with an image."""
    rows, lacking = flavours(), item.lacking or ()
    if rows.STARTS_MAIN in lacking:
        yield tr("this version does not start main.py; v0.6.2-78 or later does")
    needed = [name for name in rows.NEEDED if name in lacking and name != rows.STARTS_MAIN]
    if needed:
        yield tr("the app does not start, because it needs {names}", names=", ".join(needed))
    if rows.REMOUNT in lacking:
        yield tr("a card that was pulled is back only after a restart")
    if rows.LCD_TYPE in lacking:
        yield tr("lcd.init does not take lcd_type, which some panels need")
    if rows.FORWARD_V4 in lacking and item.v4:
        yield tr("kpu.forward refuses pictures for a kmodel v4; kpu.run_yolo2 takes them")


def _two_columns(fields: list[tuple[str, str]]) -> Iterator[str]:
    columns = max(width(name) for name, _ in fields)
    for name, value in fields:
        yield f"  {left(name, columns)}  {value}"


def _table(rooms: list[Document]) -> Iterator[str]:
    """Yield the rooms as lines, a row for each panel and a column for each camera."""
    heads = {(tuple(item["camera"] or ()), item["buffers"]): "" for item in rooms}
    for camera, buffers in heads:
        size = "x".join(map(str, camera)) or tr("no camera")
        heads[camera, buffers] = tr("{size} twice", size=size) if buffers == 2 else size
    yield "  " + "  ".join((left("", 9), *(left(head, 14) for head in heads.values()))).rstrip()
    for panel in dict.fromkeys(tuple(item["panel"] or ()) for item in rooms):
        row = {
            (tuple(item["camera"] or ()), item["buffers"]): item["bytes"]
            for item in rooms
            if tuple(item["panel"] or ()) == panel
        }
        size = "x".join(map(str, panel)) or tr("no panel")
        cells = (left(size, 9), *(left(str(row[head] // 1024), 14) for head in heads))
        yield "  " + "  ".join(cells).rstrip()
