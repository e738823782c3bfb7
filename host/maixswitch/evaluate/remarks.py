"""What the figures of a run mean for the board, as findings."""

from __future__ import annotations

from collections.abc import Iterator

from maixswitch.findings.finding import Finding, finding
from maixswitch.language import tr

from .figures import numbers
from .job import BOARD, FLOAT, PAPER
from .measured import Document
from .records import LINK, LOST, MISSING, NO_PICTURE, TOO_LARGE

MUCH = 0.02
"""What a kmodel may lose against its float network before it is called much: two of a hundred answers."""
BETTER = 0.01
"""How much better an F1 has to be before another setting is recommended."""
LESS_IS_BETTER = ("nme", "median", "failed")


def why(error: str) -> str:
    """Return in words why a picture has no answers."""
    return {
        MISSING: tr("the file cannot be read"),
        NO_PICTURE: tr("not a picture that Pillow can read"),
        LINK: tr("a link that leads out of the folder"),
        TOO_LARGE: tr("too large"),
        LOST: tr("the worker ended each time"),
    }.get(error, error)


def remarks(document: Document) -> list[Finding]:
    """Return the findings, the worst first. document: as figures.document returns it."""
    return sorted(_remarks(document), key=lambda item: item.rank)


def _remarks(document: Document) -> Iterator[Finding]:
    data = document["data"]
    if data["damaged"]:
        first = data["damaged_pictures"][0]
        yield finding("C721", first["picture"], found=why(first["why"]), count=data["damaged"], all=data["pictures"])
    for result in document["results"]:
        if result["view"] == BOARD and result.get("crowded"):
            model = document["models"][result["model"]]
            yield finding(
                "C720", model["kmodel"], "threshold", model["threshold"],
                count=result["crowded"], picture=result["crowded_pictures"][0],
            )  # fmt: skip
    loss = lost(document)
    if loss is not None and loss[3] > MUCH:
        name, exact, own, _ = loss
        yield finding("C722", document["models"][0]["kmodel"], name, f"{own:.3f}", f"{exact:.3f}")
    for item in document["sweep"]:
        best, now = item["best"], now_in(item)
        if best["f1"] is not None and (now is None or now["f1"] is None or best["f1"] - now["f1"] > BETTER):
            yield finding(
                "C723", document["models"][item["model"]]["kmodel"], "threshold",
                item["now"]["threshold"], best["threshold"], nms=best["nms"], f1=f"{best['f1']:.3f}",
            )  # fmt: skip


def now_in(item: Document) -> Document | None:
    """Return the point of a sweep that is nearest to the card's setting; None if no point has its nms."""
    points = [point for point in item["points"] if point["nms"] == item["now"]["nms"]]
    return min(points, key=lambda point: abs(point["threshold"] - item["now"]["threshold"]), default=None)


def lost(document: Document) -> tuple[str, float, float, float] | None:
    """Return the first figure with its values for the float network and the kmodel, and what is lost; None without."""
    exact = next((item for item in document["results"] if item["view"] == FLOAT), None)
    own = next((item for item in document["results"] if item["view"] == PAPER and item["model"] == 0), None)
    if exact is None or own is None:
        return None
    # Of a detector the average precision: a threshold that suits one network may not suit the other.
    for (name, a), (_, b) in zip(numbers(exact), numbers(own), strict=True):
        if (name in ("top1", "nme", "accepted_same", "VOC12")) and a is not None and b is not None:
            return name, a, b, b - a if name in LESS_IS_BETTER else a - b
    return None
