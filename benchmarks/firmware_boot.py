"""Boots every firmware image of a folder on the virtual K210 and compares what it answers with what its file says.

    .venv/bin/python benchmarks/firmware_boot.py FOLDER [--facts firmware-images.json] [--seconds 60]

Prints a Markdown table: seconds of this PC's processor and of the board to the first prompt, the free heap that the
firmware answers and the one that its file says, and how many modules answer `dir()` with the expected names. The names
come from the facts, a list of images that were asked before; without it, or for an image that is not in it, from the
file itself. Ends with 1 if an image does not boot or a name differs. Needs the extra `chip`.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import process_time

from maixswitch.board_code import flavours
from maixswitch.errors import MaixSwitchError
from maixswitch.k210.contents.facts import Facts, facts
from maixswitch.k210.contents.flavour import build_of, usual_board
from maixswitch.k210.contents.heap import break_addresses
from maixswitch.k210.image import Image, read_image
from maixswitch.k210.virtual_board import SECOND, VirtualBoard

MADE_AT_RUN_TIME = {"__class__"}
SILENT = ("_boot", "modules")
"""Not imported: the first starts the board again, the second is a folder of the firmware's own."""
ASK = """
for name in {names}:
    try:
        if name == "Image object":
            import image
            part = image.Image(size=(8, 8))
        else:
            parts = name.split(".")
            part = __import__(parts[0])
            for attribute in parts[1:]:
                part = getattr(part, attribute)
        print(name, *dir(part), sep="\\t")
    except Exception as error:
        print(name, "!" + type(error).__name__, sep="\\t")
"""
HEAP = "from {module} import utils\nprint(utils.heap_free())\n"
ANSWER_S = 60
"""Seconds of the board's time for an answer."""

Names = Mapping[str, frozenset[str]]


@dataclass
class Row:
    """A row of the table; ``trouble`` is "" if everything is as expected."""

    image: str
    build: str
    pc_s: float = 0
    board_s: float = 0
    heap: str = ""
    modules: str = ""
    trouble: str = ""


def expected(item: Facts, document: Mapping[str, object]) -> Names:
    """Return name -> the names in it, for modules and types, from the facts if they list the image."""
    images, lists = document.get("images", []), document.get("lists", {})
    assert isinstance(images, list)
    assert isinstance(lists, dict)
    entry = next((entry for entry in images if entry["short"] == item.id and "names" in entry), None)
    if entry is None:
        return {name: names for name, names in item.modules.items() if names}
    return {name: frozenset(lists[key].split()) for name, key in entry["names"].items()}


def answers(board: VirtualBoard, names: list[str]) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield what `dir()` answers for each name; a name that cannot be imported has the error in place of names."""
    for at in range(0, len(names), 10):
        output, error = board.execute(ASK.format(names=names[at : at + 10]), ANSWER_S)
        for line in (output + error).splitlines():
            name, *found = line.split("\t")
            yield name, frozenset(found)


def quiet_board(image: Image, item: Facts, folder: Path) -> VirtualBoard:
    """Return a board whose card, in an empty folder, keeps the firmware's own start from taking memory."""
    # The firmware's own main.py starts the panel, which would take a part of the heap. The builds for the M5StickV run
    # boot.py alone, and their own one never comes to the prompt.
    (folder / ("boot.py" if item.power_chip == "AXP192" else "main.py")).write_text("pass\n")
    return VirtualBoard(image, usual_board(item), folder)


def free_heap(board: VirtualBoard, item: Facts) -> int:
    """Return the free bytes of the system heap of a board at its prompt, as the firmware answers them.

    Versions without heap_free keep the same figure in their memory. Raises ValueError for an answer that is no number.
    """
    if item.lacking is not None and flavours().HEAP_FREE in item.lacking:
        assert item.heap is not None
        addresses = break_addresses(board.image.code, item.heap)
        program_break = max(int.from_bytes(bytes(board.chip.memory.view(at, 8)), "little") for at in addresses)
        return item.heap.end - program_break
    output, error = board.execute(HEAP.format(module="maix" if item.api == "canmv" else "Maix"), ANSWER_S)
    return int(output or error)


def boot(image: Image, seconds: float, document: Mapping[str, object]) -> Row:
    """Boot one image and ask it; `seconds` limit the board's time to the prompt."""
    item = facts(image.code)
    row = Row(image.path.name, " or ".join(build_of(item).like) + " " + (item.version or item.tag))
    with tempfile.TemporaryDirectory() as folder:
        start = process_time()
        board = quiet_board(image, item, Path(folder))
        try:
            board.boot(seconds)
            row.pc_s, row.board_s = process_time() - start, board.chip.clock.cycles / SECOND
            row.heap = f"{free_heap(board, item)} / {item.free}" if item.api else ""
            names = {name: inside for name, inside in expected(item, document).items() if name not in SILENT}
            found = dict(answers(board, sorted(names)))
        except TimeoutError as error:
            row.trouble = f"no answer; restarts: {board.chip.restarts}; last words: {str(error)[-60:]!r}"
            return row
    wrong = {
        name: sorted(
            inside ^ found.get(name, frozenset()) - (frozenset() if "__class__" in inside else MADE_AT_RUN_TIME)
        )
        for name, inside in names.items()
    }
    wrong = {name: difference for name, difference in wrong.items() if difference}
    row.modules = f"{len(names) - len(wrong)} of {len(names)}"
    row.trouble = "; ".join(f"{name}: {' '.join(difference[:8])}" for name, difference in wrong.items())
    return row


def main() -> int:
    """Print the table; return 1 if an image does not boot or does not answer as expected."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--facts", type=Path, help="list of images with the names that they answered (.json)")
    parser.add_argument("--seconds", type=float, default=60, help="limit of the board's time to the prompt")
    options = parser.parse_args()
    document = json.loads(options.facts.read_text(encoding="utf-8")) if options.facts else {}
    print("| image | build | s on this PC | s of the board | heap_free answered / computed | names | differences |")
    print("|---|---|---|---|---|---|---|")
    troubles = 0
    for path in sorted(path for path in options.folder.iterdir() if path.suffix in (".bin", ".kfpkg")):
        try:
            row = boot(read_image(path), options.seconds, document)
        except MaixSwitchError as error:
            row = Row(path.name, "", trouble=error.message)
        troubles += bool(row.trouble)
        cells = (
            row.image,
            row.build,
            f"{row.pc_s:.1f}",
            f"{row.board_s:.2f}",
            row.heap,
            row.modules,
            row.trouble or "-",
        )
        print("| " + " | ".join(cells) + " |", flush=True)
    return 1 if troubles else 0


if __name__ == "__main__":
    sys.exit(main())
