"""The AI RAM of the loaded network for the page: which rows hold a feature map, layer by layer."""

from __future__ import annotations

from typing import Any

from maixswitch.kmodel.format.airam import ROWS
from maixswitch.kmodel.judge.picture import map_kind
from maixswitch.kmodel.run.model import KModel


def loaded(bench: Any) -> Any:
    """The network that the fake KPU holds, of either firmware interface; None when there is none."""
    kpu = bench.kpu
    held = [model.network for model in kpu.slots if model is not None] + [task._network for task in kpu.canmv]
    return next((network for network in held if network is not None), None)


def document(network: Any, title: str = "") -> dict[str, Any]:
    """The fields of the message "airam".

    `network`: as `loaded` gives it; without one, or for a scripted one, which has no layers, all is empty. `maps`: rows
    [row, rows, born, last, title, kind], born -1 for the model's input; titles in the chosen language. `live`: rows in
    use while each layer runs. What a model's layers need is worked out once, and kept with it.
    """
    model = getattr(network, "model", None)
    if not isinstance(model, KModel):
        return {"title": "", "layers": 0, "size": ROWS, "live": [], "maps": []}
    ram = model.ai_ram
    maps = [
        [item.row, item.rows, item.born, item.last, item.title, map_kind(item, model.layers)] for item in ram.maps
    ]  # fmt: skip
    return {"title": title, "layers": len(model.layers), "size": ROWS, "live": list(ram.live), "maps": maps}
