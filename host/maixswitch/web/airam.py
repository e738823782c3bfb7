"""The AI RAM of the loaded network for the page: the drawing of `kmodel view`, and a sentence."""

from __future__ import annotations

from typing import Any

from maixswitch.kmodel.format.airam import SIZE
from maixswitch.kmodel.judge.picture import drawing, kinds
from maixswitch.kmodel.run.model import KModel
from maixswitch.language import tr

LABEL = "airam-text"
"""Id of the text beside the picture in page/index.html."""


def document(network: Any, title: str = "") -> dict[str, Any]:
    """Return the fields of the message "airam", in the chosen language.

    network: as AppBoard.network.
    title: the model's title on the card.
    Returns `text`, a sentence; `picture`, SVG, "" if there is nothing to draw; `legend`, (class, name) of the kinds of
    maps in the picture.
    """
    model = getattr(network, "model", None)
    # A scripted network has no layers: treat it as no model.
    if not isinstance(model, KModel):
        return {"text": tr("No model is loaded."), "picture": "", "legend": []}
    ram = model.ai_ram
    if not ram.peak_rows:
        return {"text": tr("{title}: no layer uses the AI RAM.", title=title), "picture": "", "legend": []}
    text = tr(
        "{title}: at most {peak} of {all} KiB, in layer {layer} of {layers}.",
        title=title,
        peak=f"{ram.peak_bytes / 1024:,.0f}",
        all=f"{SIZE // 1024:,}",
        layer=ram.peak_layer,
        layers=len(model.layers),
    )
    return {"text": text, "picture": drawing(model, LABEL), "legend": kinds(model)}
