"""A board's state in a file, so that a run goes on where another stopped: behind the boot, most of all.

The file is a zip of one JSON document and a few blocks of bytes. It names the firmware image and the board that it was
made with, and is of no use with others.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from maixswitch import files
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr

from .board.fat import BLOCK, MOST_BYTES, FatCard
from .board.flash import SIZE as FLASH_SIZE
from .memory import SIZE as MEMORY_SIZE
from .virtual_board import VirtualBoard

SCHEMA = "maixswitch.k210-state/2"
DOCUMENT, MEMORY, FLASH, PANEL, CARD = "state.json", "memory", "flash", "panel", "card"
MOST_DOCUMENT = 4 << 20
RECORD = 4 + BLOCK
"""Bytes of a card's block in the file: its number, its content."""


def _pack(value: Any) -> Any:
    """Return a value as JSON can hold it: bytes, numpy arrays and dictionaries with numbers as keys get a mark."""
    if isinstance(value, (bytes, bytearray)):
        return {"bytes" if isinstance(value, bytes) else "bytearray": value.hex()}
    if isinstance(value, np.ndarray):
        return {"words": value.tolist()}
    if isinstance(value, dict):
        return {"dict": [[_pack(key), _pack(entry)] for key, entry in value.items()]}
    if isinstance(value, (list, tuple)):
        return [_pack(entry) for entry in value]
    return value


def _unpack(value: Any) -> Any:
    if isinstance(value, list):
        return [_unpack(entry) for entry in value]
    if isinstance(value, dict):
        (mark, content), *more = value.items()
        if more:
            raise ValueError("more than one mark")
        if mark == "dict":
            return {_unpack(key): _unpack(entry) for key, entry in content}
        if mark == "words":
            return np.array(content, "<u4")
        data = bytes.fromhex(content)
        return {"bytes": data, "bytearray": bytearray(data)}[mark]
    return value


def _digest(board: VirtualBoard) -> str:
    return hashlib.sha256(board.image.code).hexdigest()


def document_of(board: VirtualBoard) -> str:
    """Return all of a board's state but its blocks of bytes, as JSON."""
    document = {
        "schema": SCHEMA,
        "firmware": _digest(board),
        "board": board.board,
        "chip": _pack(board.chip.state()),
        "parts": _pack({name: part.state() for name, part in board.parts().items()}),
    }
    return json.dumps(document)


def content_of(board: VirtualBoard, with_card: bool = True) -> bytes:
    """Return the content of the file that `save` writes.

    with_card: whether it holds the card's blocks. `restore` leaves the card as it is if the content has none.
    """
    content = BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(DOCUMENT, document_of(board))
        archive.writestr(MEMORY, board.chip.memory.data.tobytes())
        archive.writestr(FLASH, bytes(board.flash.content))
        archive.writestr(PANEL, board.panel.pixels.tobytes())
        if with_card and board.card is not None:
            blocks = b"".join(number.to_bytes(4, "little") + data for number, data in board.card.blocks.items())
            archive.writestr(CARD, blocks)
    return content.getvalue()


def save(board: VirtualBoard, path: Path) -> None:
    """Write a board's state to a file.

    Raises MaixSwitchError (input or output) when it cannot be written.
    """
    files.write(path, content_of(board))


def load(board: VirtualBoard, path: Path) -> None:
    """Put a board into the state that a file holds. The board was made with the same image and board, and did not run.

    Raises MaixSwitchError (usage) when the file is not such a state, or one of another firmware or board.
    """
    restore(board, files.read(path, MEMORY_SIZE + FLASH_SIZE + MOST_BYTES), path)


def restore(board: VirtualBoard, data: bytes, path: Path) -> None:
    """Put a board into the state that the content of a file holds, as `load` does.

    path: the file that messages name.
    Raises what `load` raises.
    """
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            document = json.loads(_member(archive, DOCUMENT, MOST_DOCUMENT))
            if document["schema"] != SCHEMA:
                raise ValueError("another schema")
            if (document["firmware"], document["board"]) != (_digest(board), board.board):
                raise MaixSwitchError(
                    tr("{path} was saved with another firmware or board; save it again", path=path), EXIT_USAGE
                )
            _restore(board, archive, document)
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise MaixSwitchError(tr("{path} is not a saved state of a virtual board", path=path), EXIT_USAGE) from error


def _member(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    if archive.getinfo(name).file_size > most:
        raise ValueError("too large")
    return archive.read(name)


def _restore(board: VirtualBoard, archive: zipfile.ZipFile, document: dict[str, Any]) -> None:
    memory = np.frombuffer(_member(archive, MEMORY, MEMORY_SIZE), np.uint8)
    pixels = board.panel.pixels
    shown = np.frombuffer(_member(archive, PANEL, pixels.nbytes), pixels.dtype)
    flash = _member(archive, FLASH, FLASH_SIZE)
    if len(flash) != FLASH_SIZE:
        raise ValueError("another flash")
    board.chip.memory.data[:] = memory
    pixels[:] = shown.reshape(pixels.shape)
    board.flash.content[:] = flash
    if CARD in archive.namelist():
        blocks = _member(archive, CARD, MOST_BYTES)
        if len(blocks) % RECORD:
            raise ValueError("half a block")
        card = FatCard(0) if board.card is None else board.card
        card.blocks.clear()
        for at in range(0, len(blocks), RECORD):
            number = int.from_bytes(blocks[at : at + 4], "little")
            card.blocks[number] = blocks[at + 4 : at + RECORD]
        board.use_card(card)
    board.chip.restore(_unpack(document["chip"]))
    for name, state in _unpack(document["parts"]).items():
        board.parts()[name].restore(state)
