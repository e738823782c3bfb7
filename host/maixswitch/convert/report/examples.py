"""The page's example pictures: each with the answers of the float network and of the kmodel, the worst first."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maixswitch.language import tr

from .agreement import Box
from .answers import Answer, worst_first
from .verdict import WEAK

MOST = 12
"""Pictures on the page."""
LARGEST, QUALITY = 192, 85
"""Pixels of the longer side of a picture on the page, and its JPEG quality."""
STYLE = """
.examples { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr)); gap: .75rem; }
.example { margin: 0; min-width: 0; border: 1px solid var(--line); border-radius: 8px; overflow: hidden; }
.example.differs { border-color: var(--weak); box-shadow: inset 0 0 0 1px var(--weak); }
.picture { position: relative; background: var(--line); }
.picture img { display: block; width: 100%; height: auto; }
.picture svg { position: absolute; inset: 0; width: 100%; height: 100%; }
.picture rect { fill: none; stroke-width: 2; vector-effect: non-scaling-stroke; stroke: #ffe14d; }
.picture rect.float { stroke: #fff; stroke-dasharray: 5 4; }
.example figcaption { padding: .4rem .55rem .5rem; font-size: .85rem; line-height: 1.35; overflow-wrap: anywhere; }
.example dl { margin: 0; display: grid; grid-template-columns: auto 1fr; column-gap: .4rem; }
.example dt { color: var(--soft); } .example dd { margin: 0; text-align: right; }
.example .figure { white-space: nowrap; }
"""

Document = dict[str, Any]


def examples(report: Document, answers: Sequence[Answer]) -> str:
    """Returns the pictures as HTML, "" without any.

    report: as ``document.document`` returns it. answers: those of the conversion that it describes.
    """
    if not answers:
        return ""
    pairs = list(zip(report["answers"], worst_first(answers), strict=True))[:MOST]
    cards = "".join(_example(item, answer) for item, answer in pairs)
    note = tr("the worst of {count} pictures first", count=len(answers))
    if any(answer.agreement is not None and answer.agreement.kind == "yolo2" for answer in answers):
        note += "; " + tr("boxes of the float network are dashed white, those of the kmodel yellow")
    return f'<div class="examples">{cards}</div><p class="sub">{escape(note)}</p>'


def _example(item: Document, answer: Answer) -> str:
    name = Path(item["picture"]).name if item["picture"] else tr("noise")
    rows = ""
    for head, text, weak in _rows(item):
        classes = ("weak " if weak else "") + ("figure" if text.endswith("dB") else "")
        rows += f'<dt>{escape(head)}</dt><dd class="{classes}">{escape(text)}</dd>'
    differs = " differs" if not item["same"] else ""
    return (
        f'<figure class="example{differs}"><div class="picture">{_picture(answer.pixels, name)}{_boxes(answer)}</div>'
        f"<figcaption><b>{escape(name)}</b><dl>{rows}</dl></figcaption></figure>"
    )


def _rows(item: Document) -> Iterator[tuple[str, str, bool]]:
    """Yields (what, text, is it bad?) of one picture."""
    if item["truth"] is not None:
        yield tr("truth"), item["truth"], False
    scores = item["scores"]
    for index, (key, head) in enumerate((("float", tr("float")), ("kmodel", "kmodel"))):
        if item[key] is not None:
            score = f" {scores[index]:.2f}" if scores is not None else ""
            # Without a true class, only the kmodel can be wrong: it should answer as the float network does.
            wrong = item[key] != item["truth"] if item["truth"] is not None else key == "kmodel" and not item["same"]
            yield head, item[key] + score, wrong
        elif item["boxes"] is not None:
            yield head, tr("{count} boxes", count=item["boxes"][index]), key == "kmodel" and not item["same"]
    if item["snr_db"] is not None:
        yield tr("SNR"), f"{item['snr_db']:.1f}\u00a0dB", item["snr_db"] < WEAK


def _picture(pixels: NDArray[np.uint8], name: str) -> str:
    from PIL import Image

    values = pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0)
    picture = Image.fromarray(np.ascontiguousarray(values))
    picture.thumbnail((LARGEST, LARGEST))
    written = io.BytesIO()
    picture.save(written, "JPEG", quality=QUALITY)
    data = base64.b64encode(written.getvalue()).decode()
    size = f'width="{picture.width}" height="{picture.height}"'
    return f'<img src="data:image/jpeg;base64,{data}" alt="{escape(name)}" {size}/>'


def _boxes(answer: Answer) -> str:
    """Returns the boxes of both networks as a drawing over the picture."""
    lines = [
        _box(box, name) for name, part in zip(("kmodel", "float"), answer.boxes[::-1], strict=True) for box in part
    ]
    return f'<svg viewBox="0 0 1 1" preserveAspectRatio="none">{"".join(lines)}</svg>' if lines else ""


def _box(box: Box, name: str) -> str:
    left, top, right, bottom = (min(max(side, 0.0), 1.0) for side in box[2:])
    return f'<rect class="{name}" x="{left:.3f}" y="{top:.3f}" width="{right - left:.3f}" height="{bottom - top:.3f}"/>'
