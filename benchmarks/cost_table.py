"""Writes the figures of device.py as the document docs/cost.md."""

from __future__ import annotations

from typing import Any

HEAP_TARGET = 48 * 1024
LABELS_TARGET = 8 * 1024
CLASS_TARGET = 64
RATIO_TARGET = 1.5  # on a core with the firmware's switches

HEAD = """# What the app costs on the board

Written by `benchmarks/device.py EXECUTABLE --write docs/cost.md`; do not edit it by hand. Bytes are bytes of the Python
heap (512 KiB on the board, in blocks of 32) as `gc.mem_alloc()` counts them, on the fakes of `stubs/`. Those of frames
repeat exactly; those of modules differ by a few blocks from machine to machine. Interpreters: {}.
"""

FRAME = """
## Bytes for each frame

Allocated without any collection, by a loop written by hand and by the app, on the same fakes and drawing the same. What
the fakes themselves allocate, as the firmware does (pictures, results, one float for each class), is in both, so the
difference is what `device/` takes. Below zero: the hand-written softmax makes floats, ours counts in integers.

"""

HEAP = """
## Heap kept

Modules: all of `device/` that stays once the app runs. Data: what only the objects of the app refer to. Largest free:
the largest block that is left beside app and fakes, after import and start broke up what was free before them.

"""

LINK = """
## With the link on

15 frames a second, one detection, with json 5 results a second; off, which is the default, nothing of it is imported. A
frame with it allocates nothing either, nor does a request of a HuskyLens client; a command in JSON takes 1,334 bytes
(tests/micropython/scenarios/link.py, link_talk.py). Instructions are those of the interpreter with the fakes, on a port
that takes the bytes at once; on a board each byte takes another 87 us at 115200, so a frame that sends its 48 waits
4.2 ms (read from the firmware's source, never measured on one).

"""

KINDS = """
## A model of each kind

A card with one model, the sizes of public networks (benchmarks/kind_cases.py), and scripted results: one box, or in a
head that Python decodes no box above the threshold; three things learnt. Heap kept: the whole app while this model
runs, with what the fakes keep of it, such as outputs and the aligned face. Bytes a frame: with all that the fakes
allocate; "run" is what one run of the network takes of it, which on MaixPy is other memory. What a kind takes beside
the run and the picture's 128 bytes is one float object, 32 bytes, for each element that it reads, and for stages the
pictures that are cut out. Nothing of it stays.

"""

IMPORT = """
## Heap to import each module

With everything that the module imports already there: bytes that the import allocates, garbage and all, and bytes that
stay. As `.mpy` only where the interpreter loads files of mpy-cross 1.11.

"""

INSTRUCTIONS = """
## Instructions for each frame with nothing detected

Machine instructions of the whole interpreter (valgrind), on fakes that do nothing, which leaves its own work.
MicroPython 1.11 is built as the firmware is (-Os): single precision, threads with a lock, and without the cache of map
lookups in the bytecode (MICROPY_OPT_CACHE_MAP_LOOKUP_IN_BYTECODE 0), which would hide the cost of a global or an
attribute. A frame is the difference of two runs, divided by 20,000 frames: their start takes some hundred thousand
instructions more or less from run to run, which over 1,000 frames moved the figures by 350.

"""


def number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def verdict(value: float, target: float) -> str:
    return "met" if value <= target else "**missed**"


def targets(interpreters: list[dict[str, Any]]) -> str:
    """Return a table of the numbers to meet, with the figures of each interpreter."""
    rows = []
    for one in interpreters:
        frame = one["frame"]
        per_class = max(frame[case]["device"] / int(case.split(" ")[0]) for case in frame if "classes" in case)
        lines: list[tuple[str, float, Any]] = [
            ("bytes a frame, nothing detected", 0, frame["nothing detected"]["device"]),
            ("bytes a frame for each class", CLASS_TARGET, round(max(per_class, 0), 1)),
            ("heap kept, started", HEAP_TARGET, one["heap"]["started"]),
            ("heap kept, started, as .mpy", HEAP_TARGET, (one.get("heap_mpy") or {}).get("started")),
            ("heap for 1,000 labels", LABELS_TARGET, one["labels_1000"]),
        ]
        if one["instructions"] and "1.11" in one["interpreter"]:  # the board's core
            hollow = one["instructions"]["hollow"]
            lines.append(
                ("instructions over the hand-written loop", RATIO_TARGET, round(hollow["app"] / hollow["bare"], 2))
            )
        for name, target, value in lines:
            if value is not None:
                rows.append([name, one["interpreter"], f"{target:,}", f"{value:,}", verdict(value, target)])
    return table(["what", "interpreter", "at most", "found", ""], sorted(rows, key=lambda row: row[0]))


def kinds(interpreters: list[dict[str, Any]], names: list[str]) -> str:
    """Return the section about the kinds of model."""
    rows = []
    counted = any(one["instructions"] for one in interpreters)
    for case in interpreters[0]["kinds"]:
        row = [case]
        for one in interpreters:
            figures = one["kinds"][case]
            row += [number(figures["started"]), number(figures["frame"]), number(figures.get("run"))]
            row += [number(figures.get("instructions"))] if counted else []
        rows.append(row)
    columns = ["kept", "a frame", "run", *(["instructions a frame"] if counted else [])]
    return KINDS + table(["model", *(f"{name} {column}" for name in names for column in columns)], rows)


def link(interpreters: list[dict[str, Any]]) -> list[list[str]]:
    """Return the rows about the links: heap, and instructions if they were counted."""
    rows = [
        [f"heap that the link keeps, {name}"]
        + [number(one["heap_link"][key] - one["heap"]["started"]) for one in interpreters]
        for key, name in (("link", "json"), ("maixhub", "maixhub"), ("husky", "husky"))
    ]
    counted = [(one["instructions"] or {}).get("link") for one in interpreters]
    if any(counted):
        for key, name in (
            ("box", "link off"),
            ("link", "json"),
            ("maixhub", "maixhub"),
            ("husky", "husky, not asked"),
            ("asked", "husky, asked in each frame"),
        ):
            rows.append([f"instructions a frame, {name}"] + [number(one and one[key]) for one in counted])
    return rows


def render(interpreters: list[dict[str, Any]]) -> str:
    """Return the document for the figures of one or more interpreters."""
    names = [one["interpreter"].split(" ")[1].rstrip(",") for one in interpreters]
    text = (
        HEAD.format("; ".join(one["interpreter"] for one in interpreters))
        + "\n## Numbers to meet\n\n"
        + targets(interpreters)
    )
    rows = []
    for case in interpreters[0]["frame"]:
        row = [case]
        for one in interpreters:
            figures = one["frame"][case]
            row += [number(figures["bare"]), number(figures["app"]), number(figures["device"])]
        rows.append(row)
    head = ["frame"] + [f"{name} {part}" for name in names for part in ("by hand", "app", "`device/`")]
    text += FRAME + table(head, rows)
    seconds = ", ".join(str(one["frame"]["nothing detected"]["second"]) for one in interpreters)
    text += f"\nBeside the frames, once a second (keys, card, watchdog, frames per second), bytes: {seconds}.\n"
    rows = []
    for key, label in (
        ("modules", "modules"),
        ("data", "data"),
        ("started", "both"),
        ("imported", "every module imported, none forgotten"),
        ("largest_free_before", "largest free before"),
        ("largest_free", "largest free when started"),
    ):
        row = [label]
        for one in interpreters:
            row += [number(one["heap"].get(key)), number((one.get("heap_mpy") or {}).get(key))]
        rows.append(row)
    text += HEAP + table(["bytes"] + [f"{name} {form}" for name in names for form in ("`.py`", "`.mpy`")], rows)
    rows = []
    for module in sorted(
        interpreters[0]["import"]["py"], key=lambda name: -interpreters[0]["import"]["py"][name]["kept"]
    ):
        row = [f"`{module}`"]
        for one in interpreters:
            for form in ("py", "mpy"):
                figures = (one["import"][form] or {}).get(module, {})
                row += [number(figures.get("import")), number(figures.get("kept"))]
        rows.append(row)
    head = [f"{name} `{form}` {part}" for name in names for form in (".py", ".mpy") for part in ("import", "kept")]
    text += IMPORT + table(["module", *head], rows)
    for one in interpreters:
        if one["import"]["mpy_reason"]:
            text += f"\n{one['interpreter']} loads no such `.mpy`: {one['import']['mpy_reason']}.\n"
    text += kinds(interpreters, names)
    text += LINK + table(["what", *names], link(interpreters))
    counted = [one for one in interpreters if one["instructions"]]
    if counted:
        rows = []
        for one in counted:
            bare, app = one["instructions"]["hollow"]["bare"], one["instructions"]["hollow"]["app"]
            rows.append([one["interpreter"], number(bare), number(app), f"{app / bare:.2f}"])
        text += INSTRUCTIONS + table(["interpreter", "by hand", "app", "ratio"], rows)
    return text
