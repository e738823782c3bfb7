"""The report for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from maixswitch import console
from maixswitch.evaluate.figures import numbers
from maixswitch.evaluate.job import BOARD, FLOAT, PAPER
from maixswitch.evaluate.measured import Document
from maixswitch.evaluate.remarks import remarks
from maixswitch.language import tr

MOST_CLASSES = 25
NAMES = {
    "top1": "top-1", "top5": "top-5", "macro_f1": "macro F1", "nme": "NME", "AP": "COCO AP", "f1": "F1",
    "accepted_same": "accepted", "accepted_other": "false",
}  # fmt: skip


def view_name(view: str) -> str:
    """Return the name of a view for people."""
    return {BOARD: tr("board"), PAPER: tr("paper"), FLOAT: tr("float")}[view]


def share(value: Any) -> str:
    """Return a figure as text."""
    return "-" if value is None else f"{value:.3f}"


def text(document: Document) -> str:
    """Return the whole report."""
    return "\n".join(_lines(document))


def _lines(document: Document) -> Iterator[str]:
    data = document["data"]
    yield tr(
        "{format}: {judged} of {pictures} pictures measured", format=data["format"], judged=data["judged"],
        pictures=data["pictures"],
    )  # fmt: skip
    yield from (tr("note: {line}", line=line) for line in data["notes"])
    yield ""
    results = document["results"]
    heads = [NAMES.get(name, name) for name, _ in numbers(results[0])]
    rows = [
        [_model(document, result), view_name(result["view"]), *(share(value) for _, value in numbers(result))]
        for result in results
    ]
    yield from table([tr("model"), tr("view"), *heads], rows)
    yield ""
    yield from settings(document)
    yield from difference(document)
    yield from _classes(document)
    for item in remarks(document):
        yield ""
        yield item.text()
        yield f"  {item.remedy}"


def _model(document: Document, result: Document) -> str:
    if result["view"] == FLOAT:
        return str(document["float"]["name"])
    return str(document["models"][result["model"]]["name"])


def settings(document: Document) -> Iterator[str]:
    """Yield what the figures were measured with, which belongs to each of them."""
    views = {result["view"] for result in document["results"]}
    model = document["models"][0]
    boxes = document["task"] == "boxes"
    if BOARD in views:
        onto = tr("the model's window") if document["settings"]["onto"] == "window" else tr("the camera's frame")
        line = tr("board: the app on the fakes of {firmware}; the picture fills {onto} ({fit})",
                  firmware=model["firmware"], onto=onto, fit=document["settings"]["fit"])  # fmt: skip
        if boxes:
            line += tr("; threshold {threshold}, nms {nms}, at most ten boxes",
                       threshold=model["threshold"], nms=model["nms"])  # fmt: skip
        yield line
    if PAPER in views or FLOAT in views:
        line = tr("paper, float: the picture is stretched to the input")
        if boxes:
            line += tr(
                "; AP from a score of {low} on, at most {most} boxes; precision, recall and F1 above {threshold}",
                low=document["settings"]["paper"]["threshold"], most=document["settings"]["paper"]["most"],
                threshold=model["threshold"],
            )  # fmt: skip
        yield line


def difference(document: Document) -> Iterator[str]:
    """Yield in how many pictures the float network and the kmodel disagree."""
    found = document["differences"]
    if found is not None:
        line = tr("float network and kmodel disagree in {count} of {all} pictures",
                  count=found["pictures"], all=document["data"]["judged"])  # fmt: skip
        names = ", ".join(found["named"][:3])
        yield f"{line}: {names}{', ...' if found['pictures'] > 3 else ''}" if names else line


def _classes(document: Document) -> Iterator[str]:
    result = document["results"][0]
    by_class, labels = result.get("by_class"), document["labels"]
    if not by_class or len(labels) < 2:
        return
    yield ""
    rows = []
    for label, row in zip(labels, by_class, strict=True):
        count = row["pictures"] if "pictures" in row else row["objects"]
        last = [share(row["VOC12"])] if "VOC12" in row else []
        rows.append([label, str(count), share(row["precision"]), share(row["recall"]), share(row["f1"]), *last])
    # Of many classes the worst are of interest.
    if len(rows) > MOST_CLASSES:
        rows = sorted([row for row in rows if row[1] != "0"], key=lambda row: row[4])[:MOST_CLASSES]
        yield tr("the {count} classes with the lowest F1:", count=len(rows))
    heads = [tr("class"), tr("in the data"), "precision", "recall", "F1"] + (
        ["VOC12"] if "VOC12" in by_class[0] else []
    )
    yield from table(heads, rows)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table; columns but the first two are right-aligned."""
    widths = [max(console.width(row[at]) for row in (heads, *rows)) for at in range(len(heads))]
    for row in (heads, *rows):
        cells = [
            console.left(cell, widths[at])
            if at < 1 or (at == 1 and heads[1] == tr("view"))
            else console.right(cell, widths[at])
            for at, cell in enumerate(row)
        ]
        yield "  ".join(cells).rstrip()
