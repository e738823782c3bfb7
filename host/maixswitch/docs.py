"""The generated parts of the documents: each is between two markers and comes from a table of the code.

The blocks are English, or Chinese on a page that contains `<!-- language: zh -->`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from maixswitch import board_code
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.language import speaking, tr, word

BLOCK = re.compile(r"<!-- generated: (\S+) -->\n(.*?)<!-- end -->", re.DOTALL)
INLINE = re.compile(r"<!-- =(\S+) -->(.*?)<!-- / -->")
"""A number in a sentence of the guide: `<!-- =1.k3 -->1.43<!-- / -->`. Never at the start of a line, where a comment
would begin a block of HTML."""
LANGUAGE = re.compile(r"<!-- language: (\S+) -->")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; bars inside cells are escaped."""
    lines = [head, ["---" for _ in head], *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def diagram() -> str:
    """Return the transition table as a Mermaid state diagram."""
    from maixswitch.diagram import mermaid

    return f"```mermaid\n{mermaid().rstrip()}\n```\n"


def errors() -> str:
    """Return a table of every code that the screen can show, with meaning and remedy."""
    describe = board_code.device_errors().describe
    rows = []
    for code in sorted(board_code.error_codes()):
        name, meaning, remedy = describe(code)
        rows.append((str(code), name, word(meaning), word(remedy)))
    return table((word("code"), word("name"), word("what it means"), word("what to do")), rows)


def boards() -> str:
    """Return a table of every board: panel, keys, firmwares and power chip; roles of keys are names, not translated."""
    from maixswitch.k210.board_firmware import OWN_FIRMWARE

    module = board_code.boards()
    rows = []
    for name in sorted(module.names()):
        board = module.find(name)
        panel = f"{board.lcd[0]}x{board.lcd[1]}" if board.lcd else word("none")
        keys = ", ".join(f"IO{pin} ({role})" for pin, role in board.keys)
        firmware = ", ".join(f"`{flavour}`" for flavour in OWN_FIRMWARE.get(name, ())) or word("any of MaixPy")
        rows.append((f"`{name}`", panel, keys, firmware, board.needs_pmu or "-"))
    return table((word("board"), word("panel"), word("keys"), word("firmware"), word("power chip")), rows)


def flavours() -> str:
    """Return a table of every firmware flavour, its kmodel versions, and the memory that it leaves for models."""
    from maixswitch.kmodel.judge.firmware import firmwares, images
    from maixswitch.kmodel.judge.memory import room

    rows = []
    for item in firmwares():
        newest = room(item)
        kib = [size // 1024 for size in (newest.free, newest.lcd, newest.camera, newest.bytes)]
        older: dict[int, str] = {}  # room in KiB -> the first version with it
        for other in images():
            if other.flavour == item.flavour and other.free_kib != item.free_kib:
                # List only versions with another figure: a page with every image would hide the few that matter.
                older.setdefault(room(other).bytes // 1024, other.version)
        cells = [f"`{item.flavour}`", item.version, "v3, v4" if item.v4 else "v3", *map(str, kib)]
        rows.append([*cells, ", ".join(f"{version} {room}" for room, version in older.items()), item.source])
    head = (word("firmware"), word("version"), "kmodel", word("free at the prompt"), word("screen"), word("camera"))
    return table([*head, word("room for a model"), word("room in other versions"), word("read from")], rows)


def findings() -> str:
    """Return a table for each section of the findings of `maixswitch check` and `doctor`."""
    from maixswitch.findings.table import plain, rules

    parts = []
    for start, heading in FINDING_SECTIONS.items():
        rows = [
            (row.code, row.severity, plain(row.title), plain(row.remedy))
            for row in rules().values()
            # The longest beginning counts.
            if max((item for item in FINDING_SECTIONS if row.code.startswith(item)), key=len, default="") == start
        ]
        if rows:
            parts.append(f"### {heading}\n\n" + table(("code", "severity", "what it means", "what to do"), rows))
    return "\n".join(parts)


def operators() -> str:
    """Return tables of the ONNX operators that `maixswitch convert` takes, and of those that it refuses."""
    from maixswitch.convert.ops import refused_rows, rows

    taken = table(("operators", "what they become", "limits"), [*rows()])
    return taken + "\nRefused, with what to do instead:\n\n" + table(("operators", "instead"), [*refused_rows()])


def tflite() -> str:
    """Return the operators of TensorFlow Lite that `maixswitch convert` reads, and a table of those that it refuses."""
    from maixswitch.convert.read.tflite.operators import READERS, REFUSED

    groups: dict[str, list[str]] = {}
    for name, remedy in REFUSED.items():
        groups.setdefault(remedy, []).append(f"`{name}`")
    refused = table(("operators", "instead"), [(", ".join(names), remedy) for remedy, names in groups.items()])
    read = ", ".join(f"`{name}`" for name in sorted(READERS))
    return f"{read}\n\nRefused, with what to do instead:\n\n{refused}"


def kinds() -> str:
    """Return a table of the fields of each kind of model."""
    rows = []
    stages = board_code.kinds(stages=True)
    for name, kind in {**board_code.kinds(), **stages}.items():
        role = word("model or stage") if name in stages and name in board_code.kinds() else word("model")
        role = word("stage") if name not in board_code.kinds() else role
        for field, rule, default in kind.FIELDS or (("-", "", ""),):
            usual = "" if default in (None, "") else str(default).lower() if isinstance(default, bool) else str(default)
            rows.append((f"`{name}`", role, f"`{field}`" if field != "-" else "-", _rule(rule), usual))
    return table((word("kind"), word("runs as"), word("field"), word("value"), word("default")), rows)


def _rule(rule: Any) -> str:
    """Return what a rule of device/kinds expects. A function says so when it gets a wrong value."""
    if isinstance(rule, str):
        return rule
    try:
        rule(None, None)
    except ValueError as error:
        return str(error.args[0])
    return ""


def formats() -> str:
    """Return a table of the formats that `maixswitch import` reads, in the order in which it tries them."""
    from maixswitch.card.importing.formats import FORMATS

    return table(("source", "known by", "what is taken"), [(item.SOURCE, item.SIGNS, item.TAKEN) for item in FORMATS])


def serial() -> str:
    """Return a table of the fields of every message on the board's serial line."""
    from maixswitch.link.serial_schema import COMMON, EVENTS

    # A result is a label, a score, and as many coordinates as the shape of its kind has. Some kinds have no results.
    results = ", ".join(
        f"[{', '.join(['label', 'score', *'xywh'[: kind.SHAPE]])}] of a `{name}`"
        for name, kind in board_code.kinds().items()
        if kind.SHAPE != board_code.shapes().EXTRA
    )

    def fields(rows: Sequence[Any]) -> str:
        cells = [
            (f"`{row.name}`", TYPES[row.type], "no" if row.optional else "yes", row.meaning.format(results=results))
            for row in rows
        ]
        return table(("field", "type", "always", "meaning, unit, range"), cells)

    parts = ["### Every message\n\n" + fields(COMMON)]
    parts += [f"### `{event.name}`\n\n{event.when}\n\n" + fields(event.fields) for event in EVENTS]
    return "\n".join(parts)


def commands() -> str:
    """Return a table of the commands that a board takes on its serial line."""
    from maixswitch.link.serial_commands import FIELDS, MEANINGS, kind
    from maixswitch.link.serial_commands import commands as table_of

    rows = []
    for name, fields in table_of(board_code.command_rows()).items():
        rows.append((f"`{name}`", "", "", MEANINGS[name]))
        rows += [("", f"`{field}`", kind(rule), FIELDS[f"{name}.{field}"]) for field, rule in fields.items()]
    return table(("command", "field", "type", "meaning"), rows)


def husky() -> str:
    """Return a table of the commands of the HuskyLens protocol."""
    from maixswitch.link.husky_table import ROWS

    rows = [(f"`{row.code:02X}`", row.name, row.answer, row.here, row.clients or "-") for row in ROWS]
    return table(("code", "command", "answer", "what happens here", "tried with"), rows)


def husky_clients() -> str:
    """Return the list of the clients in that table."""
    from maixswitch.link.husky_table import CLIENTS

    return "".join(f"- {letter}: {name}\n" for letter, name in CLIENTS.items())


TYPES = {
    "int": "integer", "str": "text", "bool": "true or false", "found": "list", "points": "list", "outputs": "list",
}  # fmt: skip

FINDING_SECTIONS = {
    "C0": "The app and what starts",
    "C1": "Folders and model.json",
    "C2": "The kmodel",
    "C3": "Camera and panel",
    "C4": "The card as a medium, and its settings",
    "C5": "Import",
    "C6": "Stages",
    "C68": "Packages for the flash chip (`maixswitch pack`)",
    "C7": "Evaluation (`maixswitch evaluate`)",
    "B6": "A board on its cable (`maixswitch doctor`)",
    "B67": "The flash chip of a board (`maixswitch burn`, `doctor`)",
}

BLOCKS: dict[str, Callable[[], str]] = {
    "boards": boards,
    "commands": commands,
    "diagram": diagram,
    "errors": errors,
    "findings": findings,
    "flavours": flavours,
    "formats": formats,
    "husky": husky,
    "husky-clients": husky_clients,
    "kinds": kinds,
    "operators": operators,
    "tflite": tflite,
    "serial": serial,
}


def renew(text: str) -> str:
    """Return the text with every generated block renewed, in the page's language.

    Raises MaixSwitchError (usage) for an unknown block, ValueError for an unknown language.
    """

    def replace(match: re.Match[str]) -> str:
        name = match.group(1)
        if name.startswith(("guide-", "explain-")):
            return f"<!-- generated: {name} -->\n{_guide_block(name)}<!-- end -->"
        if name not in BLOCKS:
            known = ", ".join(sorted(BLOCKS))
            raise MaixSwitchError(
                tr("generated block '{name}' is unknown; known: {known}", name=name, known=known), EXIT_USAGE
            )
        return f"<!-- generated: {name} -->\n{BLOCKS[name]()}<!-- end -->"

    # Use the language of the page, and not that of the user who runs this.
    with speaking(page_language(text)):
        text = BLOCK.sub(replace, text)
    return INLINE.sub(lambda match: f"<!-- ={match[1]} -->{_guide_value(match[1])}<!-- / -->", text)


def _guide_block(name: str) -> str:
    # Imported late: the guide computes with the converter, which needs more libraries than the other documents.
    from maixswitch.guide.chapters import block

    return block(name)


def _guide_value(name: str) -> str:
    from maixswitch.guide.chapters import value

    return value(name)


def page_language(text: str) -> str:
    """Return the language of a page, "en" unless it names another."""
    mark = LANGUAGE.search(text)
    return mark.group(1) if mark else "en"


def documents(root: Path) -> list[Path]:
    """Return the project's documents that hold generated blocks."""
    pages = [root / "README.md", root / "stubs" / "README.md", *sorted((root / "docs").glob("*.md"))]
    pages += sorted((root / "docs" / "guide").glob("*.md"))
    texts = {page: page.read_text(encoding="utf-8") for page in pages if page.is_file()}
    return [page for page, text in texts.items() if BLOCK.search(text) or INLINE.search(text)]


def write(root: Path) -> list[Path]:
    """Renew the documents below `root`; return those that changed."""
    changed = []
    for page in documents(root):
        old = page.read_text(encoding="utf-8")
        new = renew(old)
        # Write only pages that changed: the others keep their time stamps.
        if new != old:
            page.write_text(new, encoding="utf-8")
            changed.append(page)
    return changed + write_pictures(root / "docs" / "guide" / "images")


def write_pictures(folder: Path) -> list[Path]:
    """Renew the pictures of the guide; return those that changed."""
    from maixswitch.guide.chapters import pictures

    changed = []
    for name, svg in pictures().items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != svg:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(svg, encoding="utf-8")
            changed.append(path)
    return changed


if __name__ == "__main__":
    for path in write(Path(__file__).resolve().parents[2]):
        print(f"renewed {path.name}")
