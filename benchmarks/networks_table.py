"""The rows of networks.py as lines of the terminal and as a part of docs/networks.md."""

from __future__ import annotations

from math import inf
from pathlib import Path
from typing import Any

BEGIN, END = "<!-- architectures -->\n", "<!-- end of architectures -->\n"
GOOD_DB = 30.0
REFUSAL_S = 2.0
Row = dict[str, Any]

HEAD = """Written by `benchmarks/networks.py --write`; do not edit this part by hand.

**The weights are random, and how they are drawn was chosen** ([how](../benchmarks/architectures/export.py)): with the
usual white ones, MobileNetV1 0.25 reached 11 dB, because such a network amplifies any noise: in floats, noise of
-45 dB on the picture left 6 dB at its output. With smooth kernels it does so less. Sizes, memory, time and verdict
follow from shapes alone, so they are those of the trained network. "Output", the SNR against the float network, depends
on the weights: that of a trained network may be lower or higher.

Of 16 drawn pictures, 12 measured the ranges and 4 were compared. "AI RAM" is of 2,097,152 bytes, "ms" the
[estimate](kmodel.md#how-fast-is-it) for one picture, "seconds" the processor time of the whole command on one
thread. If the usual size of the picture is refused, the next smaller one that converts stands here, and the reason
below.

"""


def figures(document: dict[str, Any]) -> Row:
    """Return what the table shows of the JSON report of `maixswitch convert`."""
    kmodel = document["kmodel"]
    steps = [step for step in document["steps"] if step["snr_db"] is not None]
    return {
        "version": kmodel["version"],
        "file": kmodel["memory"]["file"],
        "main": kmodel["memory"]["main_memory"],
        "ai_ram": kmodel["memory"]["ai_ram"]["peak_bytes"],
        "fits": len(document["fits"]),
        "firmwares": len(kmodel["firmware"]),
        "ms": kmodel["estimate"]["run_ms"]["typical"],
        # An output without an error has no figure.
        "snr": min((item["snr_db"] for item in document["outputs"] if item["snr_db"] is not None), default=None),
        "steps": [(step["name"], step["kind"], step["snr_db"]) for step in steps],
    }


def fault(row: Row) -> bool:
    """Is this row one that the converter must not have: below GOOD_DB, or a refusal that took too long?"""
    if "refusal" in row:
        return bool(row["seconds"] > REFUSAL_S or row["code"] != 1)
    return row["snr"] is not None and row["snr"] < GOOD_DB


def _size(row: Row) -> str:
    return "x".join(map(str, row["size"]))


def _decibels(row: Row) -> str:
    return "exact" if row["snr"] is None else f"{row['snr']:.0f} dB"


def line(row: Row) -> str:
    """Return the row for the terminal."""
    begin = f"{row['name']:26} {row['source']:12} {_size(row):8} {row['seconds']:6.1f} s "
    if "refusal" in row:
        return begin + f"refused ({row['code']}): {row['refusal']}"
    sizes = f"v{row['version']} {row['file']:>9,} + {row['main']:>9,}, AI RAM {row['ai_ram']:>9,}"
    text = begin + f"{sizes}, {row['fits']:2} of {row['firmwares']}, {row['ms']:5.0f} ms, {_decibels(row)}"
    return text + (f"; {loss(row)}" if fault(row) else "")


def loss(row: Row) -> str:
    """Return where the network loses its signal: the SNR along its layers, and the layer that adds most noise."""
    steps = row["steps"]
    quarters = [steps[len(steps) * part // 4 - 1][2] for part in (1, 2, 3, 4) if len(steps) >= 4]
    before, worst = inf, (0.0, 0, inf)
    for index, (_, _, after) in enumerate(steps):
        # Noise in proportion to the signal adds up; decibels do not.
        added = 10 ** (-after / 10) - 10 ** (-before / 10)
        worst, before = max(worst, (added, index, before)), after
    name, kind, after = steps[worst[1]]
    along = ", ".join(f"{value:.0f}" for value in quarters)
    most = f"most in {name} ({kind}): {worst[2]:.0f} to {after:.0f} dB"
    return f"{along} dB after each quarter of its {len(steps)} layers; {most}"


def _table(head: str, align: str, rows: list[list[str]]) -> str:
    lines = [head.split(", "), ["---" if side == "l" else "---:" for side in align], *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def document(rows: list[Row]) -> str:
    """Return the part of docs/networks.md."""
    good = [row for row in rows if "refusal" not in row]
    lines = [
        [row["name"], row["source"], _size(row), f"v{row['version']}", f"{row['file']:,}", f"{row['main']:,}",
         f"{row['ai_ram']:,}", f"{row['fits']} of {row['firmwares']}", f"{row['ms']:.0f}", _decibels(row),
         f"{row['seconds']:.0f}"]
        for row in good
    ]  # fmt: skip
    head = "network, from, input, kmodel, file, main memory, AI RAM, firmwares, ms, output, seconds"
    text = HEAD + _table(head, "lllrrrrrrrr", lines)
    refused = [
        [
            row["name"],
            row["source"],
            _size(row),
            f"{row['seconds']:.1f}",
            _cell(row["refusal"].removeprefix("maixswitch: ")),
        ]
        for row in rows
        if "refusal" in row
    ]
    if refused:
        text += "\nRefused:\n\n" + _table("network, from, input, seconds, why", "lllrl", refused)
    weak = [[row["name"], row["source"], _decibels(row), _cell(loss(row))] for row in good if fault(row)]
    if weak:
        text += f"\nBelow {GOOD_DB:.0f} dB, and where it is lost:\n\n" + _table(
            "network, from, output, where", "llrl", weak
        )
    return text


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def write(path: Path, rows: list[Row]) -> None:
    """Renew the part of the document between BEGIN and END. ValueError if the document lacks them."""
    text = path.read_text(encoding="utf-8")
    begin, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    path.write_text(text[:begin] + "\n" + document(rows) + "\n" + text[end:], encoding="utf-8")
