"""Rules about the app's part of a card, and about other programs that start instead of it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

from maixswitch.board_code import board_root
from maixswitch.card.build import MPY_FLAGS, MPY_SMALL_INT_BITS, MPY_VERSION, TOP, has_mpy_cross, run_mpy_cross
from maixswitch.card.options import Options
from maixswitch.card.reading import Card
from maixswitch.findings.finding import Finding, finding
from maixswitch.language import tr

COVERS = ("cover.boot.py", "cover.main.py")
SHADOWED = "board fpioa_manager pmu json os re struct time random math collections binascii errno heapq zlib hashlib io"
"""Modules for which a file takes precedence: frozen ones, and those whose true name begins with a u."""
M5_START = "if 'dirList' in globals():\n    __import__('main')"
"""How boot.py starts the app on M5StickV builds, whose firmware never runs main.py."""
SHOWN = 4


def look(card: Card, options: Options) -> Iterator[Finding]:
    """Yield missing, changed, foreign and doubled files; nothing for a single model."""
    if card.kind != "card":
        return
    yield from starters(card)
    yield from modules(card)


def starters(card: Card) -> Iterator[Finding]:
    """Judge boot.py, main.py, and files that the firmware treats in a special way."""
    # The firmware runs boot.py before main.py. A foreign boot.py that only defines names is harmless, but one that does
    # some work may never return.
    boot, main = card.text("boot.py"), card.text("main.py")
    if "boot.py" in card.sizes and boot != source("boot.py") and not own_boot(boot):
        work = does(boot)
        yield finding("C007" if work else "C008", "boot.py", found=work, card=card.shell)
    # A changed main.py that still starts the app gets C003 from `modules`.
    if "main.py" in card.sizes and (main is None or "device.app" not in main):
        yield finding("C009", "main.py", found=does(main), wanted="from device.app import main", card=card.shell)
    # MaixPy's _boot.py copies these files into the board's flash, where they stay when the card is gone.
    for name in COVERS:
        if name in card.sizes:
            yield finding("C010", name)
    # The card is on sys.path, so a file of this name hides the module that the app imports.
    shadowed = [f"{name}.{end}" for name in SHADOWED.split() for end in ("py", "mpy")]
    for name in (*shadowed, "device.py", "device.mpy"):
        if name in card.sizes:
            yield finding("C011", name)


def modules(card: Card) -> Iterator[Finding]:
    """Compare device/ with the package's own: names, contents, and whether the board can compile changed files."""
    expected = _names()
    on_card = {name for name in card.sizes if name.startswith("device/") and name.endswith((".py", ".mpy"))}
    stems = {_stem(name) for name in on_card}
    present = [name for name in TOP if name in card.sizes]
    missing = [f"{stem}.py" for stem in expected if stem not in stems]
    if not on_card:
        yield finding("C001", found=", ".join(present), wanted="boot.py, main.py, device/", card=card.shell)
    else:
        # Stems are compared, since a module may be .py or .mpy. boot.py and main.py are never compiled.
        missing = [name for name in TOP if name not in card.sizes] + missing
        if missing:
            yield finding("C002", found=tr("without {names}", names=some(missing)), card=card.shell)
    changed = ["main.py"] if _changed_main(card) else []
    if own_boot(card.text("boot.py")) and card.text("boot.py") != source("boot.py"):
        changed.insert(0, "boot.py")
    for name in sorted(on_card):
        stem = _stem(name)
        if stem not in expected:
            yield finding("C012", name, card=card.shell)
        elif name.endswith(".mpy"):
            # A compiled file cannot be compared with the source, but its head tells whether the board can import it.
            yield from mpy(card, name)
            if f"{stem}.py" in on_card:
                yield finding("C006", name, card=card.shell)
        elif card.text(name) != source(name):
            changed.append(name)
    # All changed files share one finding. Each file that the board would refuse gets another one.
    if changed:
        yield finding("C003", found=some(changed), card=card.shell)
    # Only mpy-cross can tell which files the board refuses. If it is missing, silence would look like a success.
    if changed and not has_mpy_cross():
        yield finding("C014", found=some(changed))
        return
    for name in changed:
        yield from compiles(card, name)


def mpy(card: Card, name: str) -> Iterator[Finding]:
    """Yield a finding if the board cannot read this version of .mpy."""
    expected = bytes((ord("M"), MPY_VERSION, MPY_FLAGS, MPY_SMALL_INT_BITS))
    head = card.read(name)[:4]
    if head != expected:
        version = tr("version {version}", version=head[1]) if head[:1] == b"M" and len(head) > 1 else head.hex(" ")
        yield finding(
            "C005", name, found=version, wanted=tr("version {version}", version=MPY_VERSION), card=card.shell
        )  # fmt: skip


def compiles(card: Card, name: str) -> Iterator[Finding]:
    """Yield why mpy-cross 1.11, which has the board's grammar, refuses a changed file."""
    if card.text(name) is None:
        yield finding("C004", name, found=tr("not UTF-8 text"), card=card.shell)
        return
    # This PC's Python accepts newer grammar, so it cannot judge the file.
    _, message = run_mpy_cross(card.path / name)
    if message:
        line = re.search(r"line (\d+)", message)
        where = tr("line {line}", line=line[1]) if line else ""
        yield finding("C004", name, where, message.splitlines()[-1], card=card.shell)


def own_boot(text: str | None) -> bool:
    """Is this the app's boot.py of any version, which finishes an interrupted sync and starts the app on M5StickV?"""
    # The versions differ in detail, but each of them needs these two texts to finish a sync.
    if text is None or "/SYNC/STEPS" not in text or 'finish("/sd")' not in text:
        return False
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    # Any other statement at the top level means that somebody added work to the app's file.
    starts = [ast.unparse(node) for node in body if isinstance(node, ast.If)]
    body = [node for node in body if not isinstance(node, ast.If)]
    return starts in ([], [M5_START]) and all(
        isinstance(node, ast.FunctionDef | ast.Expr | ast.Delete) for node in body
    )


def does(text: str | None) -> str:
    """Return what a program does at its top level that may take time or use the chip; "" if it does nothing."""
    if text is None:
        return tr("not UTF-8 text")
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return tr("not valid Python")
    # The body of a function runs only if something calls it, and that call is found at the top level.
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) for part in ast.walk(node)}
    outside = [node for node in ast.walk(tree) if id(node) not in inside]
    # A loop is reported before a call, because it may never end.
    for node in outside:
        if isinstance(node, ast.While):
            return tr("a loop in line {line}", line=node.lineno)
    for node in outside:
        if isinstance(node, ast.Expr | ast.Assign) and isinstance(node.value, ast.Call):
            return tr("a call in line {line}", line=node.lineno)
    return ""


def some(names: list[str]) -> str:
    """Return the first names, and the number of the others, as a text."""
    shown = ", ".join(names[:SHOWN])
    more = len(names) - SHOWN
    return tr("{names} and {more} more", names=shown, more=more) if more > 0 else shown


@cache
def source(name: str) -> str:
    """Return the text of one of the package's own board files."""
    return (board_root() / name).read_text(encoding="utf-8").replace("\r\n", "\n")


@cache
def _names() -> tuple[str, ...]:
    root = board_root()
    return tuple(_stem(path.relative_to(root).as_posix()) for path in sorted((root / "device").rglob("*.py")))


def _stem(name: str) -> str:
    return name.rsplit(".", 1)[0]


def _changed_main(card: Card) -> bool:
    text = card.text("main.py")
    return text is not None and "device.app" in text and text != source("main.py")
